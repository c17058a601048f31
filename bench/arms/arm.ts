/**
 * An arm is a server that takes part in a scenario: how to start it, and what a reader must know of it. It
 * listens on a port of 127.0.0.1 that it prints, and stops at SIGTERM (processes/server-process.ts).
 */
import type { Launch } from '../processes/server-process.ts';
import type { Workshop } from './workshop.ts';

export interface Arm {
  /** As in `--arms` and in results. */
  readonly name: string;
  readonly description: string;
  readonly processes: number;
  /** Threads that can run handlers, in all processes together. */
  readonly threads: number;
  /** @throws UnavailableError (unavailable.ts) if this machine cannot run it */
  prepare(surroundings: Surroundings): Promise<Launch>;
}

export interface Surroundings {
  readonly workshop: Workshop;
  /** What all arms of a scenario share, such as JWT_SECRET. */
  readonly environment: Readonly<Record<string, string>>;
  /** Path of this server's entry from the root of the repository: the bundle, or in tests the sources. */
  readonly entry: string;
}

/** What users deploy. `npm run bench` makes it if it is missing or stale. */
export const BUNDLE = 'build/js/main.js';
