/**
 * Something that is opened when it is needed for the first time. Whoever needs it meanwhile shares the
 * opening. If it fails, the next one tries again.
 */
export class OnDemand<Value extends AsyncDisposable> implements AsyncDisposable {
  readonly #create: () => Promise<Value>;
  #opened: Value | undefined;
  #opening: Promise<Value> | undefined;
  #isClosed = false;

  constructor(create: () => Promise<Value>) {
    this.#create = create;
  }

  /** @throws what the creation throws */
  open(): Promise<Value> {
    if (this.#isClosed) return Promise.reject(new Error('It is needed after it was closed'));
    this.#opening ??= this.#open();
    return this.#opening;
  }

  /** Also closes what is still being opened. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    // A failure belongs to those who asked.
    await this.#opening?.catch(() => {});
    await this.#opened?.[Symbol.asyncDispose]();
  }

  async #open(): Promise<Value> {
    try {
      this.#opened = await this.#create();
      return this.#opened;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }
}
