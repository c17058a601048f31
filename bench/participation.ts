/**
 * Counts the worker threads that take part in CPU-bound work. Several clients ask for /cpu, each with one
 * request at a time. Every answer of the test application names the thread that gave it.
 */
import { Agent, request } from 'undici';

export interface Participation {
  readonly requests: number;
  /** The number of answers, by the number of the thread that gave them. */
  readonly byThread: Readonly<Record<string, number>>;
}

export async function countParticipants(
  url: string,
  clients: number,
  seconds: number,
): Promise<Participation> {
  await using agent = disposable(new Agent({ connections: clients, pipelining: 1 }));
  const end = performance.now() + seconds * 1000;
  const byThread: Record<string, number> = {};
  const oneClient = async () => {
    while (performance.now() < end) {
      const { statusCode, body } = await request(url, { dispatcher: agent });
      const answer = (await body.json()) as { readonly worker?: number };
      if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`);
      const thread = String(answer.worker);
      byThread[thread] = (byThread[thread] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: clients }, oneClient));
  return { requests: Object.values(byThread).reduce((sum, count) => sum + count, 0), byThread };
}

function disposable(agent: Agent): Agent & AsyncDisposable {
  return Object.assign(agent, { [Symbol.asyncDispose]: () => agent.close() });
}
