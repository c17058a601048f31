/**
 * A typed place on a request. A middleware leaves a value there for later ones, such as the user that it has
 * authenticated. Two keys are never the same place, even if their names are equal, so libraries cannot
 * collide.
 */
export class RequestKey<T> {
  /** Does not exist at run time. It makes RequestKey<User> differ from RequestKey<string>. */
  declare readonly valueType?: T;
  /** For messages only. */
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}
