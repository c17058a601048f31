/**
 * A provider as its module is loaded by PROVIDERS. It keeps a journal of what it does in a file, so that a
 * test sees the work of several processes. As a provider must, it does the work of an operation once, however
 * often it is asked. A crash may come between any two lines.
 */
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CreateProvider, Provider, ProviderCall } from '../../../src/cloudvm/providers/provider.ts';

const createProvider: CreateProvider = (environment): Provider => {
  const directory = environment['RECORDING_DIRECTORY'] ?? '';
  mkdirSync(join(directory, 'done'), { recursive: true });
  const record = (line: object) => appendFileSync(join(directory, 'journal'), `${JSON.stringify(line)}\n`);

  const work =
    (kind: string) =>
    async (vm: { readonly id: string }, ...rest: unknown[]) => {
      const call = rest.at(-1) as ProviderCall;
      const { operationId, attempt, signal } = call;
      record({ kind, vm: vm.id, operationId, attempt, pid: process.pid });
      await delay(20 + Math.random() * 80, undefined, { signal });
      const marker = join(directory, 'done', operationId);
      if (!existsSync(marker)) {
        // Of two that come here at once, one fails, and is tried again.
        writeFileSync(marker, '', { flag: 'wx' });
        record({ done: kind, vm: vm.id, operationId, attempt });
      }
      await delay(Math.random() * 40, undefined, { signal });
    };
  return {
    concurrency: 20,
    create: work('create'),
    start: work('start'),
    stop: work('stop'),
    restart: work('restart'),
    snapshot: work('snapshot'),
    remove: work('remove'),
    removeSnapshot: work('removeSnapshot'),
  };
};

export default createProvider;
