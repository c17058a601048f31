/**
 * Declares the settings of a room and reads them. A setting is one environment variable with its default, its
 * check and the sentence that the README shows. On the main thread src/command/settings.ts reads the settings
 * of all rooms. In a worker each room reads its own.
 */
import { isProblem, type Parse, type ParseProblem } from './parsers.ts';
import { readSecretFile } from './secret-file.ts';

export interface Setting<T> {
  /** The environment variable. */
  readonly name: string;
  /** The value if the variable is not set, or empty. */
  readonly fallback: T;
  /** The default in words, where the value itself does not say enough. */
  readonly fallbackText?: string;
  readonly parse: Parse<T>;
  /** It is a secret, so its value may be in a file, which the variable `NAME_FILE` names. */
  readonly isSecret?: boolean;
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
    const value = readSetting(setting, environment);
    if (isProblem(value)) problems.push(value.problem);
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

/** The environment variable that names the file with the value of a secret. */
export function fileVariableOf({ name }: Setting<unknown>): string {
  return `${name}_FILE`;
}

/** @returns the value, or a whole sentence that begins with the variable's name */
function readSetting<T>(setting: Setting<T>, environment: Environment): T | ParseProblem {
  const { name, isSecret = false } = setting;
  const text = environment[name] ?? '';
  const fileVariable = fileVariableOf(setting);
  const path = isSecret ? (environment[fileVariable] ?? '') : '';
  if (path === '') return text === '' ? setting.fallback : parse(setting, text, name);
  if (text !== '') return { problem: `${name} and ${fileVariable} must not both be set` };
  const content = readSecretFile(path);
  if (isProblem(content)) return { problem: `${fileVariable} ${content.problem}` };
  return parse(setting, content, `${fileVariable}: ${path}`);
}

function parse<T>(setting: Setting<T>, text: string, place: string): T | ParseProblem {
  const value = setting.parse(text);
  return isProblem(value) ? { problem: `${place} ${value.problem}` } : value;
}
