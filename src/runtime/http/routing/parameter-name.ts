/**
 * The names of a route's parameters, which the type checker reads from the text of its path. So a handler
 * that asks for a parameter which its route does not have does not compile. core/routing/route-pattern.ts
 * reads the same syntax at run time.
 */

/**
 * 'id' | 'rest' for '/vms/:id/*rest', never for '/vms'. Several paths have only the names that each of them
 * has. A path that is not a literal may have any name.
 */
export type ParameterName<Path extends string> = Extract<keyof ParametersOf<Path>, string>;

/** Of a union of objects, keyof takes the keys that all of them have. */
type ParametersOf<Path extends string> = Path extends unknown ? Record<NameIn<Path>, string> : never;

type NameIn<Path extends string> = string extends Path
  ? string
  : Path extends `${infer Segment}/${infer Rest}`
    ? NameOf<Segment> | NameIn<Rest>
    : NameOf<Path>;

type NameOf<Segment extends string> = Segment extends `:${infer Name}` | `*${infer Name}` ? Name : never;
