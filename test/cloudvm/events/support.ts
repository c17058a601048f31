/** Reads a stream of events over a real socket. */
import type { CloudVmProcess } from '../front-door/support/cloudvm-process.ts';

export interface SeenEvent {
  readonly id: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

export class EventReader implements AsyncDisposable {
  readonly seen: SeenEvent[] = [];
  readonly ended: Promise<void>;
  readonly #controller: AbortController;
  #heard = Promise.withResolvers<void>();

  static async open(
    server: Pick<CloudVmProcess, 'url'>,
    token: string,
    lastEventId?: string,
  ): Promise<EventReader> {
    const controller = new AbortController();
    const response = await fetch(`${server.url}/api/vms/events`, {
      headers: {
        Authorization: `Bearer ${token}`,
        ...(lastEventId !== undefined && { 'Last-Event-ID': lastEventId }),
      },
      signal: controller.signal,
    });
    if (response.status !== 200 || response.body === null) {
      throw new Error(`a stream was answered with ${response.status} ${await response.text()}`);
    }
    return new EventReader(response.body, controller);
  }

  private constructor(body: ReadableStream<Uint8Array>, controller: AbortController) {
    this.#controller = controller;
    this.ended = this.#read(body).catch(() => {});
  }

  /** Waits until the condition holds for what was seen. */
  async until(condition: (seen: readonly SeenEvent[]) => boolean): Promise<void> {
    while (!condition(this.seen)) await this.#heard.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort();
    await this.ended;
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    for await (const piece of body) {
      text += decoder.decode(piece, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) this.#add(block);
    }
  }

  #add(block: string): void {
    const fields = new Map(
      block.split('\n').map((line) => [line.split(': ', 1)[0], line.replace(/^\w*: /, '')]),
    );
    const event = fields.get('event');
    if (event === undefined) return;
    this.seen.push({ id: fields.get('id') ?? '', event, data: JSON.parse(fields.get('data') ?? '') });
    this.#heard.resolve();
    this.#heard = Promise.withResolvers();
  }
}
