/**
 * A typed place on a request. One middleware leaves something there for those after it, such as the user it
 * has authenticated. Two keys are never the same place, even if their names are equal, so libraries cannot
 * collide.
 */
export class RequestKey<T> {
  /** Never there at run time. It makes RequestKey<User> differ from RequestKey<string>. */
  declare readonly valueType?: T;
  /** For messages only. */
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}
