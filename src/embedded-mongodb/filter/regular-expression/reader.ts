/** Reads the text of a regular expression from left to right, character by character. */
export class Reader {
  /** By code points. */
  readonly #characters: readonly string[];
  #position = 0;

  constructor(text: string) {
    this.#characters = [...text];
  }

  get atEnd(): boolean {
    return this.#position >= this.#characters.length;
  }

  /** The next character, or an empty text at the end. */
  peek(ahead = 0): string {
    return this.#characters[this.#position + ahead] ?? '';
  }

  next(): string {
    const character = this.peek();
    this.#position += 1;
    return character;
  }

  /** Reads `text` if it comes next. */
  skip(text: string): boolean {
    for (let ahead = 0; ahead < text.length; ahead += 1) if (this.peek(ahead) !== text[ahead]) return false;
    this.#position += text.length;
    return true;
  }

  /**
   * Reads what comes next of a pattern that is anchored at its start. It looks at most 100 characters ahead.
   */
  match(pattern: RegExp): RegExpExecArray | undefined {
    const ahead = this.#characters.slice(this.#position, this.#position + 100).join('');
    const found = pattern.exec(ahead) ?? undefined;
    if (found !== undefined) this.#position += [...found[0]].length;
    return found;
  }

  /** Reads up to `end` and past it. Undefined if there is none. */
  until(end: string): string | undefined {
    const index = this.#characters.indexOf(end, this.#position);
    if (index < 0) return undefined;
    const text = this.#characters.slice(this.#position, index).join('');
    this.#position = index + 1;
    return text;
  }
}
