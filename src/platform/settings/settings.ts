/**
 * Declares the settings of a room and reads them. A setting is one environment variable with its default, its
 * check and the sentence that the README shows. On the main thread src/command/settings.ts reads the settings
 * of all rooms. In a worker each room reads its own.
 */
import { isProblem, type Parse, type ParseProblem } from './parsers.ts';

export interface Setting<T> {
  /** The environment variable. */
  readonly name: string;
  /** The value if the variable is not set, or empty. */
  readonly fallback: T;
  /** The default in words, where the value itself does not say enough. */
  readonly fallbackText?: string;
  readonly parse: Parse<T>;
  /** Its meaning, in one sentence for the operator (Markdown). */
  readonly about: string;
}

/** The settings of one room: a declaration for each field of `T`, in the order of the documentation. */
export interface SettingsGroup<T extends object> {
  readonly declarations: { readonly [Field in keyof T]: Setting<T[Field]> };
  /** Reports values that are valid by themselves but contradict each other. */
  readonly contradictions: (values: T) => readonly string[];
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The start is refused. The message lists everything that is wrong, for the operator. */
export class SettingsError extends Error {
  readonly code = 'ERR_SETTINGS';
  override readonly name = 'SettingsError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The settings cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** Puts the groups of several rooms together. Their fields have different names. */
export function joinGroups<A extends object, B extends object>(
  first: SettingsGroup<A>,
  second: SettingsGroup<B>,
): SettingsGroup<A & B> {
  return {
    // Each declaration has the type of its field in one of the two.
    declarations: { ...first.declarations, ...second.declarations } as SettingsGroup<A & B>['declarations'],
    contradictions: (values) => [...first.contradictions(values), ...second.contradictions(values)],
  };
}

/**
 * Reads and checks every setting of a group. An empty variable counts as one that is not set.
 *
 * @throws SettingsError that lists all mistakes
 */
export function readSettings<T extends object>(
  { declarations, contradictions }: SettingsGroup<T>,
  environment: Environment,
): Readonly<T> {
  const problems: string[] = [];
  const values: Partial<Record<keyof T, unknown>> = {};
  for (const [field, setting] of Object.entries<Setting<unknown>>(declarations)) {
    const value = readSetting(setting, environment[setting.name]);
    if (isProblem(value)) problems.push(`${setting.name} ${value.problem}`);
    else values[field as keyof T] = value;
  }
  // Every field has a value of its type, except those that are reported below. Any comparison with such a
  // field is false.
  const settings = values as T;
  problems.push(...contradictions(settings));
  if (problems.length > 0) throw new SettingsError(problems);
  return Object.freeze(settings);
}

/** The settings if no variable is set. */
export function defaultSettings<T extends object>(group: SettingsGroup<T>): Readonly<T> {
  return readSettings(group, {});
}

function readSetting<T>(setting: Setting<T>, text: string | undefined): T | ParseProblem {
  return text === undefined || text === '' ? setting.fallback : setting.parse(text);
}
