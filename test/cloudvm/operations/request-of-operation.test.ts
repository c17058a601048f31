/** The log says which request has asked for an operation that fails after the request was answered. */
import { expect, test, vi } from 'vitest';
import type { Provider } from '../../../src/cloudvm/providers/provider.ts';
import { CloudVm } from '../front-door/support/cloudvm.ts';

const WEB = { name: 'web', provider: 'local', region: 'here' };

/** Each call succeeds, or throws an error that only the log tells. */
class FailingProvider implements Provider {
  readonly concurrency = 100;
  fails = false;
  readonly create = () => this.#answer();
  readonly start = () => this.#answer();
  readonly stop = () => this.#answer();
  readonly restart = () => this.#answer();
  readonly snapshot = () => this.#answer();
  readonly remove = () => this.#answer();
  readonly removeSnapshot = () => this.#answer();

  async #answer(): Promise<void> {
    if (this.fails) throw new Error('a defect');
  }
}

class Stage implements AsyncDisposable {
  readonly provider: FailingProvider;
  readonly cloudVm: CloudVm;
  readonly #token: string;

  private constructor(provider: FailingProvider, cloudVm: CloudVm, token: string) {
    this.provider = provider;
    this.cloudVm = cloudVm;
    this.#token = token;
  }

  static async open(): Promise<Stage> {
    const provider = new FailingProvider();
    const providers = { aws: provider, azure: provider, gcp: provider, local: provider };
    const cloudVm = await CloudVm.open({ providers });
    return new Stage(provider, cloudVm, await cloudVm.register('ada'));
  }

  ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    return this.cloudVm.http.ask(method, path, {
      token: this.#token,
      headers,
      ...(body !== undefined && { body }),
    });
  }

  /** @returns the path of a VM that runs */
  async running(): Promise<string> {
    const { headers } = await this.ask('POST', '/api/vms', WEB);
    return this.until(headers['location'] ?? '', 'running');
  }

  async until(path: string, status: string): Promise<string> {
    await vi.waitFor(async () => expect((await this.ask('GET', path)).json['status']).toBe(status), 10_000);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cloudVm[Symbol.asyncDispose]();
  }
}

const KEYS = [
  ['', {}],
  [' with a key', { 'Idempotency-Key': 'a-key' }],
] as const;

for (const [how, key] of KEYS) {
  test.each([
    ['a creation', 'POST', async () => '/api/vms', WEB],
    ['a stop', 'POST', async (stage: Stage) => `${await stage.running()}/stop`, undefined],
    ['a restart', 'POST', async (stage: Stage) => `${await stage.running()}/restart`, undefined],
    ['a snapshot', 'POST', async (stage: Stage) => `${await stage.running()}/snapshots`, { name: 'one' }],
  ])(`of %s${how}`, async (_, method, prepare, body) => {
    await using stage = await Stage.open();
    const path = await prepare(stage);
    stage.provider.fails = true;
    const { status, headers } = await stage.ask(method, path, body, key);
    expect(status).toBeLessThan(300);
    await vi.waitFor(() => expect(stage.cloudVm.backgroundRequests).not.toEqual([]), 10_000);
    expect(stage.cloudVm.backgroundRequests[0]).toBe(headers['x-request-id']);
  });
}

test.each([
  ['a VM', async (stage: Stage) => stage.running()],
  [
    'a snapshot',
    async (stage: Stage) => {
      const { json } = await stage.ask('POST', `${await stage.running()}/snapshots`, { name: 'one' });
      return stage.until(`/api/snapshots/${String(json['id'])}`, 'ready');
    },
  ],
])('of a deletion of %s', async (_, prepare) => {
  await using stage = await Stage.open();
  const path = await prepare(stage);
  stage.provider.fails = true;
  const { status, headers } = await stage.ask('DELETE', path);
  expect(status).toBe(204);
  await vi.waitFor(() => expect(stage.cloudVm.backgroundRequests).not.toEqual([]), 10_000);
  expect(stage.cloudVm.backgroundRequests[0]).toBe(headers['x-request-id']);
});
