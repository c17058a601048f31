/** Describes the machine and the tools. No number means anything without them. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Machine } from './results.ts';

const ROOT = join(import.meta.dirname, '../..');
const GOVERNOR = '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor';
const PACKAGES = ['fastify', '@fastify/jwt', 'fast-jwt', 'mongodb', 'autocannon'];
const TOOLS: Readonly<Record<string, readonly string[]>> = {
  wrk: ['--version'],
  'g++': ['--version'],
  bun: ['--version'],
};

export interface SourceTree {
  readonly version: string;
  readonly commit?: string;
  readonly dirty: boolean;
}

export function describeMachine(): Machine {
  const governor = readIfThere(GOVERNOR)?.trim();
  return {
    cpuModel: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryMb: Math.round(totalmem() / 1024 / 1024),
    platform: platform(),
    kernel: release(),
    architecture: arch(),
    ...(governor !== undefined && { governor }),
    loadAverage: loadavg()[0] ?? 0,
    node: process.version,
    v8: process.versions.v8,
    versions: Object.fromEntries([...toolVersions(), ...packageVersions()]),
  };
}

export function describeSources(): SourceTree {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const commit = outputOf('git', ['rev-parse', 'HEAD'])?.trim();
  const changes = outputOf('git', ['status', '--porcelain']) ?? '';
  return { version, ...(commit !== undefined && { commit }), dirty: changes.trim() !== '' };
}

function toolVersions(): (readonly [string, string])[] {
  return Object.entries(TOOLS).flatMap(([name, parameters]) => {
    // wrk ends with 1 after it has printed its version.
    const { stdout, error } = spawnSync(name, parameters, { encoding: 'utf8' });
    return error === undefined ? [[name, stdout.split('\n')[0]?.trim() ?? ''] as const] : [];
  });
}

function packageVersions(): (readonly [string, string])[] {
  return PACKAGES.flatMap((name) => {
    const text = readIfThere(join(ROOT, 'node_modules', name, 'package.json'));
    return text === undefined ? [] : [[name, String(JSON.parse(text).version)] as const];
  });
}

function outputOf(command: string, parameters: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(command, parameters, { cwd: ROOT, encoding: 'utf8' });
  return status === 0 ? stdout : undefined;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
