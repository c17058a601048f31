/** What the soak measures of the server, and how it changes with time. */
import { readdirSync, readFileSync } from 'node:fs';
import { RawClient } from '../../test/support/raw-client.ts';

export interface Sample {
  readonly minutes: number;
  readonly rssMb: number;
  /** The mean over the workers that have answered. */
  readonly heapMb: number;
  readonly descriptors: number;
  readonly threads: number;
}

/** How often each sample asks for the heap of whichever worker answers. */
const QUESTIONS = 8;
const MB = 1_048_576;
const LEVELS = '▁▂▃▄▅▆▇█';

export async function takeSample(pid: number, port: number, minutes: number): Promise<Sample> {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    minutes,
    rssMb: fieldOf(status, 'VmRSS') / 1_024,
    heapMb: await meanHeapMb(port),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: fieldOf(status, 'Threads'),
  };
}

function fieldOf(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
}

async function meanHeapMb(port: number): Promise<number> {
  const heaps = new Map<number, number>();
  for (let question = 0; question < QUESTIONS; question++) {
    using client = await RawClient.connect(port);
    const { status, body } = await client.get('/heap');
    if (status !== 200) continue;
    const { worker, heapBytes } = JSON.parse(body.toString());
    heaps.set(worker, heapBytes);
  }
  const sum = [...heaps.values()].reduce((total, bytes) => total + bytes, 0);
  return sum / Math.max(1, heaps.size) / MB;
}

/** Samples that are looked at together. */
const WINDOW = 10;

/**
 * The least of each measure in windows of time. Handlers that allocate without end make peaks of hundreds of
 * megabytes. What lies below them shows whether anything stays.
 */
export function lowest(samples: readonly Sample[]): Sample[] {
  const windows = Math.max(1, Math.floor(samples.length / WINDOW));
  return Array.from({ length: windows }, (_, window) => {
    const part = samples.slice(window * WINDOW, (window + 1) * WINDOW);
    const least = (value: (sample: Sample) => number) => Math.min(...part.map(value));
    return {
      minutes: least(({ minutes }) => minutes),
      rssMb: least(({ rssMb }) => rssMb),
      heapMb: least(({ heapMb }) => heapMb),
      descriptors: least(({ descriptors }) => descriptors),
      threads: least(({ threads }) => threads),
    };
  });
}

/** The slope of the line through the points with the least squares, per minute. */
export function slope(samples: readonly Sample[], value: (sample: Sample) => number): number {
  const mean = (of: (sample: Sample) => number) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const meanMinutes = mean(({ minutes }) => minutes);
  const meanValue = mean(value);
  const spread = samples.reduce((sum, { minutes }) => sum + (minutes - meanMinutes) ** 2, 0);
  if (spread === 0) return 0;
  const common = samples.reduce(
    (sum, sample) => sum + (sample.minutes - meanMinutes) * (value(sample) - meanValue),
    0,
  );
  return common / spread;
}

/** A graph of one line of text. */
export function graph(samples: readonly Sample[], value: (sample: Sample) => number, width = 60): string {
  const points = Array.from({ length: Math.min(width, samples.length) }, (_, column) => {
    const at = Math.floor((column * samples.length) / Math.min(width, samples.length));
    const sample = samples[at];
    return sample === undefined ? 0 : value(sample);
  });
  const most = Math.max(...points);
  return points
    .map((point) => LEVELS[Math.min(LEVELS.length - 1, Math.floor((point / (most || 1)) * LEVELS.length))])
    .join('');
}
