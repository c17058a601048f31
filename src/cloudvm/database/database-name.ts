/**
 * Which names of databases are accepted: those that MongoDB and FerretDB both take, on every operating
 * system. Checked when the configuration is read and again by DatabaseService.
 */
const DATABASE_NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,62}$/;

export const DATABASE_NAME_RULE = '1 to 63 letters, digits, "_" or "-", beginning with a letter or "_"';

export function isDatabaseName(text: string): boolean {
  return DATABASE_NAME.test(text);
}
