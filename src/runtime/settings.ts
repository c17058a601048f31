/**
 * The settings of the server. Fields ending in `Ms`, `Mb` and `Bytes` name their unit. 1 MB is 1,048,576
 * bytes.
 */
import { isIP } from 'node:net';
import type { LogSettings } from '../platform/log-settings.ts';
import {
  boundedInteger,
  commaSeparated,
  fileUrl,
  isProblem,
  LONGEST_MS,
  milliseconds,
  oneOf,
  type ParseProblem,
  wrong,
} from '../platform/settings/parsers.ts';
import type { SettingsGroup } from '../platform/settings/settings.ts';
import type { CoreKind } from './core/core.ts';
import { parseTrustedRange } from './http/forwarding/trusted-proxies.ts';

export interface RuntimeSettings {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly workers: number;
  readonly core: CoreKind;
  /** File URL of the application module. undefined: whoever starts the server names it. */
  readonly app: string | undefined;
  /** In CIDR notation. */
  readonly trustedProxies: readonly string[];
  readonly maxConnections: number;
  /** Of the header section. */
  readonly maxHeaderBytes: number;
  /** Of the request target. */
  readonly maxTargetBytes: number;
  /** Of the decoded content. */
  readonly maxBodyBytes: number;
  readonly inboundMemoryMb: number;
  readonly outboundMemoryMb: number;
  readonly outboundWindowBytes: number;
  readonly maxInFlight: number;
  readonly maxQueueWaitMs: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly handlerTimeoutMs: number;
  readonly writeTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly shutdownTimeoutMs: number;
  readonly shutdownDelayMs: number;
  readonly workerHeapMb: number;
  /** undefined: no limit */
  readonly maxRssMb: number | undefined;
  readonly workerNice: number;
  /** 0: none */
  readonly timingSample: number;
  readonly serverTiming: boolean;
}

/** Everything that a server is started with. */
export interface ServerSettings extends RuntimeSettings, LogSettings {
  readonly app: string;
}

const MB = 1024 * 1024;
/** The routes get three quarters of a core's region. The longest target must fit beside them. */
const LONGEST_TARGET_BYTES = 65_536;
/** The application alone, loaded from its TypeScript sources, does not fit into 20. */
const LEAST_HEAP_MB = 32;
/** A worker that collects garbage, or waits for the processor, must not look stuck. */
const LEAST_HANDLER_TIMEOUT_MS = 100;

export const RUNTIME_SETTINGS: SettingsGroup<RuntimeSettings> = {
  declarations: {
    host: { name: 'HOST', fallback: '127.0.0.1', parse: host, about: 'The address to listen on.' },
    port: {
      name: 'PORT',
      fallback: 5001,
      parse: boundedInteger(0, 65_535),
      about: 'The port to listen on. With 0 the system chooses one.',
    },
    workers: {
      name: 'WORKERS',
      fallback: 8,
      parse: boundedInteger(1, 64),
      about:
        'The number of worker threads, 1 to 64. The server lowers it, with a warning, if the memory limit of ' +
        'its container is too low.',
    },
    core: {
      name: 'CORE',
      fallback: 'wasm',
      parse: oneOf('wasm', 'js', 'verify'),
      about:
        'The parser and router: `wasm`, `js` (the same in plain TypeScript) or `verify` (both on every request, ' +
        'with a report of differences).',
    },
    app: {
      name: 'APP',
      fallback: undefined,
      fallbackText: 'the CloudVM application',
      parse: fileUrl,
      about: 'Path or file URL of the application module.',
    },
    trustedProxies: {
      name: 'TRUSTED_PROXIES',
      fallback: [],
      fallbackText: 'none',
      parse: trustedProxies,
      about:
        'Proxies whose `Forwarded` or `X-Forwarded-For`, `-Proto` and `-Host` are believed: addresses, ranges ' +
        'such as `10.0.0.0/8`, `loopback`, `linklocal` or `uniquelocal`, separated by commas.',
    },
    maxConnections: {
      name: 'MAX_CONNECTIONS',
      fallback: 10_000,
      parse: boundedInteger(1, 1_000_000),
      about:
        'Simultaneous connections. Further clients get 503. The server lowers it, with a warning, if the limit of ' +
        'open files is too low.',
    },
    maxHeaderBytes: {
      name: 'MAX_HEADER_BYTES',
      fallback: 16_384,
      parse: boundedInteger(256, MB),
      about: 'Size of the header section of a request. A larger one gets 431.',
    },
    maxTargetBytes: {
      name: 'MAX_TARGET_BYTES',
      fallback: 8192,
      parse: boundedInteger(64, LONGEST_TARGET_BYTES),
      about: 'Size of the request target, 64 to 65536. A longer one gets 414.',
    },
    maxBodyBytes: {
      name: 'MAX_BODY_BYTES',
      fallback: MB,
      parse: boundedInteger(1, 512 * MB),
      about: 'Size of the content of a request. A larger one gets 413, unless its route streams it.',
    },
    inboundMemoryMb: {
      name: 'INBOUND_MEMORY_MB',
      fallback: 256,
      parse: boundedInteger(1, 1024),
      about:
        'Memory for all requests that are being received or served. An eighth is for small ones, and one address may ' +
        'have half.',
    },
    outboundMemoryMb: {
      name: 'OUTBOUND_MEMORY_MB',
      fallback: 512,
      parse: boundedInteger(1, 1024 * 1024),
      about:
        'Memory for responses that clients take too slowly. Beyond it 503 for large ones, and the slowest are cut off.',
    },
    outboundWindowBytes: {
      name: 'OUTBOUND_WINDOW_BYTES',
      fallback: 262_144,
      parse: boundedInteger(4096, 64 * MB),
      about: 'Bytes that are on their way to one client and not taken yet.',
    },
    maxInFlight: {
      name: 'MAX_IN_FLIGHT',
      fallback: 64,
      parse: boundedInteger(1, 10_000),
      about: 'Simultaneous asynchronous handlers in each worker.',
    },
    maxQueueWaitMs: {
      name: 'MAX_QUEUE_WAIT_MS',
      fallback: 5000,
      parse: milliseconds,
      about:
        'Time that a request may wait for a worker. One that would wait for longer gets 503. The server lowers it ' +
        'while clients do not wait for so long.',
    },
    headersTimeoutMs: {
      name: 'HEADERS_TIMEOUT_MS',
      fallback: 10_000,
      parse: milliseconds,
      about: 'Time to receive the head of a request, from its first byte or from connecting.',
    },
    requestTimeoutMs: {
      name: 'REQUEST_TIMEOUT_MS',
      fallback: 30_000,
      parse: milliseconds,
      about: 'Time to receive a whole request.',
    },
    keepAliveTimeoutMs: {
      name: 'KEEP_ALIVE_TIMEOUT_MS',
      fallback: 65_000,
      parse: milliseconds,
      about: 'Time after which a connection without a request is closed.',
    },
    handlerTimeoutMs: {
      name: 'HANDLER_TIMEOUT_MS',
      fallback: 30_000,
      parse: boundedInteger(LEAST_HANDLER_TIMEOUT_MS, LONGEST_MS),
      about:
        'Time for a handler to begin its answer (else 504), and for a worker to return to its event loop (else it ' +
        'is replaced). At least 100.',
    },
    writeTimeoutMs: {
      name: 'WRITE_TIMEOUT_MS',
      fallback: 30_000,
      parse: milliseconds,
      about: 'Time after which a client that takes nothing of its answer is cut off.',
    },
    drainTimeoutMs: {
      name: 'DRAIN_TIMEOUT_MS',
      fallback: 5000,
      parse: milliseconds,
      about: 'Time until streams of a stopping or replaced worker are cut off.',
    },
    shutdownTimeoutMs: {
      name: 'SHUTDOWN_TIMEOUT_MS',
      fallback: 10_000,
      parse: milliseconds,
      about: 'Time for pending requests and the application when the server stops.',
    },
    shutdownDelayMs: {
      name: 'SHUTDOWN_DELAY_MS',
      fallback: 0,
      parse: boundedInteger(0, LONGEST_MS),
      about:
        'Time for which a server that was asked to stop serves on, with readiness at 503, for load balancers that ' +
        'learn late. A second signal ends it.',
    },
    workerHeapMb: {
      name: 'WORKER_HEAP_MB',
      fallback: 128,
      parse: boundedInteger(LEAST_HEAP_MB, 65_536),
      about:
        'Limit of the heap of each worker, at least 32. Buffers may take four times as much. A worker that needs more ' +
        'is replaced.',
    },
    maxRssMb: {
      name: 'MAX_RSS_MB',
      fallback: undefined,
      fallbackText: 'none',
      parse: boundedInteger(64, 1024 * 1024),
      about:
        'Resident memory of the whole process. Beyond it new requests get 503, and the largest workers are replaced.',
    },
    workerNice: {
      name: 'WORKER_NICE',
      fallback: 5,
      parse: boundedInteger(0, 19),
      about: 'Scheduling priority of worker threads (0 to 19, where a higher one yields to the main thread).',
    },
    timingSample: {
      name: 'TIMING_SAMPLE',
      fallback: 128,
      parse: boundedInteger(0, 1_000_000),
      about: 'One request in so many is timed, stage by stage, for the metrics. With 0 none is.',
    },
    serverTiming: {
      name: 'SERVER_TIMING',
      fallback: false,
      fallbackText: '`off`',
      parse: onOrOff,
      about:
        'With `on`, every request is timed, and whoever asks with `Prefer: server-timing` gets its `Server-Timing`. ' +
        'Strangers may learn more from it than they should.',
    },
  },
  contradictions,
};

function contradictions(settings: RuntimeSettings): string[] {
  const problems: string[] = [];
  if (settings.headersTimeoutMs > settings.requestTimeoutMs) {
    problems.push('HEADERS_TIMEOUT_MS must not be longer than REQUEST_TIMEOUT_MS, which covers the head too');
  }
  const requestBytes = settings.maxTargetBytes + settings.maxHeaderBytes + settings.maxBodyBytes;
  if (requestBytes * 4 > settings.inboundMemoryMb * MB) {
    problems.push(
      'INBOUND_MEMORY_MB must hold four of the largest requests (MAX_TARGET_BYTES, MAX_HEADER_BYTES and MAX_BODY_BYTES)',
    );
  }
  return problems;
}

const switchPosition = oneOf('on', 'off');

function onOrOff(text: string): boolean | ParseProblem {
  const position = switchPosition(text);
  return isProblem(position) ? position : position === 'on';
}

const trustedRanges = commaSeparated(trustedRange);

function trustedProxies(text: string): readonly string[] | ParseProblem {
  const ranges = trustedRanges(text);
  return isProblem(ranges) ? ranges : ranges.flat();
}

function trustedRange(text: string): readonly string[] | ParseProblem {
  return (
    parseTrustedRange(text) ??
    wrong(
      'must list IP addresses, ranges such as 10.0.0.0/8 (no /0), loopback, linklocal or uniquelocal',
      text,
    )
  );
}

const LONGEST_HOST_NAME = 253;
const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const HOST_NAME = new RegExp(`^${LABEL}(\\.${LABEL})*$`, 'i');

function host(text: string): string | ParseProblem {
  if (isIP(text) !== 0 || (text.length <= LONGEST_HOST_NAME && HOST_NAME.test(text))) return text;
  return wrong('must be an IP address or a host name', text);
}
