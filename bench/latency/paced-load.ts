/**
 * Sends requests at a moderate rate, by a clock that does not wait for answers. It measures nothing itself,
 * because the server tells its own times. So a plain client will do, and a late one does no harm.
 */
import { Agent, request as sendRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

export interface PacedRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The status of its answer. */
  readonly expected: number;
  /** Whether it has a connection of its own. */
  readonly closes?: boolean;
}

export interface PacedLoadOptions {
  readonly url: string;
  /** Requests per second. */
  readonly rate: number;
  readonly seconds: number;
  readonly connections: number;
  readonly next: () => PacedRequest;
}

const TICK_MS = 5;

/** @returns how many were answered. @throws Error for an answer with another status than expected */
export async function runPacedLoad(options: PacedLoadOptions): Promise<number> {
  const { rate, seconds, connections, url, next } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: 'fifo' });
  const total = Math.round(rate * seconds);
  const start = performance.now();
  const answers: Promise<void>[] = [];
  try {
    while (answers.length < total) {
      const due = Math.min(total, Math.ceil(((performance.now() - start) / 1_000) * rate));
      while (answers.length < due) answers.push(send(url, agent, next()));
      await delay(TICK_MS);
    }
    await Promise.all(answers);
  } finally {
    agent.destroy();
  }
  return total;
}

async function send(url: string, agent: Agent, wanted: PacedRequest): Promise<void> {
  const { method, path, headers, body, expected, closes = false } = wanted;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const outgoing = sendRequest(
    `${url}${path}`,
    { method, headers, agent: closes ? false : agent },
    (response) => {
      response.resume();
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === expected) resolve();
        else reject(new Error(`${method} ${path} was answered with ${response.statusCode}`));
      });
    },
  );
  outgoing.on('error', reject);
  outgoing.end(body);
  await promise;
}
