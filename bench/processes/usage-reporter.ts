/**
 * Answers each message of the benchmark with the usage of its process. It is preloaded (`--import`) into a
 * server under measurement if the system does not tell what a process uses. It keeps no process alive.
 * Worker threads preload it too, and there it does nothing.
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
