/**
 * Simulates a hypervisor: everything takes a while, and fails as often as it is told to. No VM exists
 * anywhere. So calling it again for the same operation does no harm.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Provider, type ProviderCall, ProviderError } from './provider.ts';

export interface SimulatedProviderOptions {
  /** How long each call takes. */
  readonly delayMs: number;
  /** The share of calls that fail in a way that may pass, from 0 to 1. */
  readonly failureRate: number;
  /** From 0 to below 1. Tests choose it. */
  readonly random?: () => number;
}

/** Waiting costs next to nothing. The bound is for memory. */
const CONCURRENCY = 10_000;

export class SimulatedProvider implements Provider {
  readonly concurrency = CONCURRENCY;
  readonly #options: Required<SimulatedProviderOptions>;

  constructor(options: SimulatedProviderOptions) {
    this.#options = { random: Math.random, ...options };
  }

  create = (_vm: unknown, call: ProviderCall): Promise<void> => this.#simulate(call);
  start = (_vm: unknown, call: ProviderCall): Promise<void> => this.#simulate(call);
  stop = (_vm: unknown, call: ProviderCall): Promise<void> => this.#simulate(call);
  restart = (_vm: unknown, call: ProviderCall): Promise<void> => this.#simulate(call);
  snapshot = (_vm: unknown, _snapshot: unknown, call: ProviderCall): Promise<void> => this.#simulate(call);

  /** There is nothing to remove. */
  remove = (): Promise<void> => Promise.resolve();
  removeSnapshot = (): Promise<void> => Promise.resolve();

  async #simulate({ signal }: ProviderCall): Promise<void> {
    const { delayMs, failureRate, random } = this.#options;
    await delay(delayMs, undefined, { signal });
    if (random() < failureRate) {
      throw new ProviderError('the simulated hypervisor has failed', { isPermanent: false });
    }
  }
}
