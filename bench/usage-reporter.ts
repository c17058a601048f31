/**
 * Preloaded (`--import`) into a server under measurement where the system does not tell what a process uses:
 * answers each message of the benchmark with the process's usage. Keeps no process alive, and is silent in its
 * worker threads, which preload it too.
 */
import { isMainThread } from 'node:worker_threads';
import type { ProcessUsage } from './process-usage.ts';

if (isMainThread && process.send !== undefined) {
  process.on('message', () => {
    const { userCPUTime, systemCPUTime } = process.resourceUsage();
    const usage: ProcessUsage = {
      cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
      residentBytes: process.memoryUsage.rss(),
    };
    process.send?.(usage);
  });
  process.channel?.unref();
}
