/** The answer to one request, read to its end. */

/** Header fields as undici gives them, by lower-case name. */
export type RawFields = Readonly<Record<string, string | string[] | undefined>>;

export class Answer {
  readonly status: number;
  readonly text: string;
  readonly fields: RawFields;

  constructor(status: number, fields: RawFields, text: string) {
    this.status = status;
    this.text = text;
    this.fields = fields;
  }

  get isSuccess(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  /** @param name in lower case. @returns repeated fields as one list */
  header(name: string): string | undefined {
    const value = this.fields[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }
}
