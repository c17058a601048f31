/** One attempt on the front door, on a fresh server, and helpers to do and to describe it. */
import { clientAt } from '../../test/cloudvm/front-door/support/client-at.ts';
import type { CloudVmProcess } from '../../test/cloudvm/front-door/support/cloudvm-process.ts';
import type { BeforeAndNow } from '../before-and-now.ts';
import { quantile } from '../laboratory/statistics.ts';

export interface Attempt extends Omit<BeforeAndNow, 'now'> {
  readonly settings?: Readonly<Record<string, string>>;
  /** @returns the present figure, in words */
  measure(server: CloudVmProcess): Promise<string>;
}

export type Client = ReturnType<typeof clientAt>;

/** A client with an address of its own in 127.0.0.0/8. */
export function connectFrom(server: CloudVmProcess, address: string): Client {
  return clientAt(Number(new URL(server.url).port), address);
}

/** @returns `8 × 200, 3 × 429` */
export function countStatuses(statuses: readonly number[]): string {
  const counts = new Map<number, number>();
  for (const status of statuses.toSorted()) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${count} × ${status}`).join(', ');
}

export async function timed<Value>(
  work: () => Promise<Value>,
): Promise<{ readonly value: Value; readonly ms: number }> {
  const start = performance.now();
  const value = await work();
  return { value, ms: performance.now() - start };
}

export function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((one, other) => one - other),
    0.5,
  );
}

/** Runs `work` on so many clients at once, again and again, until the scope ends. */
export class Meanwhile implements AsyncDisposable {
  readonly statuses: number[] = [];
  #isOver = false;
  readonly #loops: readonly Promise<void>[];

  constructor(
    clients: number,
    work: (client: number, round: number) => Promise<{ readonly status: number }>,
  ) {
    this.#loops = Array.from({ length: clients }, async (_, client) => {
      for (let round = 0; !this.#isOver; round++) this.statuses.push((await work(client, round)).status);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#loops);
  }
}
