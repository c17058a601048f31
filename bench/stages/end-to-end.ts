/**
 * CPU time of whole requests over sockets, with each core. Both servers are alive, and their blocks take
 * turns. A worker serves each request: constant answers, which the main thread gives, would not be parsed.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { BUNDLE } from '../arms/arm.ts';
import { estimate, estimateRatio } from '../laboratory/bootstrap.ts';
import { runLoad } from '../laboratory/load/closed-loop.ts';
import type { LoadRequest } from '../laboratory/load/request.ts';
import type { CoreStages, Estimate } from '../laboratory/results.ts';
import { onNode, ServerProcess } from '../processes/server-process.ts';
import { wholeGain } from './amdahl.ts';
import { BROWSER_FIELDS } from './browser-fields.ts';

export interface EndToEndOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  readonly note: (text: string) => void;
}

interface Traffic {
  readonly name: string;
  readonly pipelining: number;
  readonly request: LoadRequest;
  /** The stage whose time is its parse and match. */
  readonly stage: string;
}

const SMALL: LoadRequest = { method: 'GET', path: '/health', headers: {} };
const LARGE: LoadRequest = { method: 'GET', path: '/health', headers: BROWSER_FIELDS };
const PIPELINED = 16;

const TRAFFIC: readonly Traffic[] = [
  { name: 'small, one at a time', pipelining: 1, request: SMALL, stage: 'small GET' },
  { name: 'small, 16 pipelined', pipelining: PIPELINED, request: SMALL, stage: '16 pipelined' },
  { name: 'large, one at a time', pipelining: 1, request: LARGE, stage: 'browser, 703 bytes' },
];
const WORKERS = [1, 8];
const CORES = ['wasm', 'js'] as const;
const WARM_UP_SECONDS = 2;
const SETTLE_MS = 200;

export async function measureEndToEnd(
  stages: CoreStages['stages'],
  options: EndToEndOptions,
): Promise<CoreStages['requests']> {
  const requests = [];
  for (const workers of WORKERS) {
    await using wasm = await startServer('wasm', workers);
    await using js = await startServer('js', workers);
    for (const traffic of TRAFFIC) {
      options.note(`requests: ${traffic.name}, ${workers} ${workers === 1 ? 'worker' : 'workers'}`);
      const cpu = await compare({ wasm, js }, traffic, options);
      const stage = stages.find(({ name }) => name === traffic.stage);
      if (stage === undefined) throw new Error(`no stage is named ${traffic.stage}`);
      requests.push({ name: traffic.name, workers, ...cpu, ...predict(stage, cpu.jsMicroseconds) });
    }
  }
  return requests;
}

/** What the gain of the stage alone makes of the whole. */
function predict(stage: CoreStages['stages'][number], jsMicroseconds: Estimate) {
  const share = stage.jsNanoseconds.median / 1000 / jsMicroseconds.median;
  return { share, predictedGain: wholeGain(share, stage.gain.median) };
}

function startServer(core: string, workers: number): Promise<ServerProcess> {
  const environment = { APP: 'bench/peers/plain/this-server.ts', CORE: core, WORKERS: String(workers) };
  return ServerProcess.start(core, onNode(BUNDLE, environment));
}

async function compare(
  servers: Readonly<Record<(typeof CORES)[number], ServerProcess>>,
  traffic: Traffic,
  { rounds, seconds, connections }: EndToEndOptions,
) {
  const cpu: Record<(typeof CORES)[number], number[]> = { wasm: [], js: [] };
  const load = { connections, pipelining: traffic.pipelining, requests: [traffic.request] };
  for (const core of CORES) await runLoad({ ...load, url: servers[core].url, seconds: WARM_UP_SECONDS });
  for (let round = 0; round < rounds; round += 1) {
    for (const core of round % 2 === 0 ? CORES : CORES.toReversed()) {
      const server = servers[core];
      const before = await server.usage();
      const { requests } = await runLoad({ ...load, url: server.url, seconds });
      await delay(SETTLE_MS);
      const { cpuSeconds } = await server.usage();
      cpu[core].push(((cpuSeconds - before.cpuSeconds) / requests) * 1e6);
    }
  }
  return {
    wasmMicroseconds: estimate(cpu.wasm),
    jsMicroseconds: estimate(cpu.js),
    measuredGain: estimateRatio(cpu.js, cpu.wasm),
  };
}
