/** What the parts of the server tell about themselves, besides requests. Main thread, at each scrape. */

import type { ReadyQueue } from '../../memory/connections/ready-queue.ts';
import type { ParkedWorkers } from '../../memory/synchronization/parking.ts';
import type { Connections } from '../connections/connections.ts';
import type { Overload } from '../overload/overload.ts';
import type { Inbound } from '../sockets/inbound.ts';
import type { Outbound } from '../sockets/outbound.ts';
import type { OutboundLedger } from '../sockets/outbound-ledger.ts';
import type { Supervisor } from '../workers/supervisor.ts';
import type { WorkerHandle } from '../workers/worker-handle.ts';
import type { Sample, SampledMetric } from './exposition.ts';
import type { MainCounts } from './main-counts.ts';

export interface MeasuredParts {
  readonly connections: Connections;
  readonly queue: ReadyQueue;
  readonly overload: Overload;
  readonly inbound: Inbound;
  readonly outbound: Outbound;
  readonly ledger: OutboundLedger;
  readonly supervisor: Supervisor;
  readonly parked: ParkedWorkers;
  readonly counts: MainCounts;
}

/** @param parts read at each scrape, since some of them do not exist yet */
export function serverMetrics(parts: () => MeasuredParts): readonly SampledMetric[] {
  return [...clientMetrics(parts), ...queueMetrics(parts), ...workerMetrics(parts)];
}

function clientMetrics(parts: () => MeasuredParts): readonly SampledMetric[] {
  return [
    {
      kind: 'gauge',
      name: 'http_connections',
      help: 'Connections by what happens to them now.',
      labels: ['state'],
      samples: () => labelled('state', parts().connections.countByState()),
    },
    {
      kind: 'counter',
      name: 'http_connections_accepted_total',
      help: 'Clients that have connected.',
      samples: () => [[parts().connections.accepted]],
    },
    {
      kind: 'counter',
      name: 'http_received_bytes_total',
      help: 'Bytes that clients have sent.',
      samples: () => [[parts().connections.receivedBytes]],
    },
    {
      kind: 'counter',
      name: 'http_sent_bytes_total',
      help: 'Bytes for clients, heads included.',
      samples: () => [[parts().outbound.sentBytes]],
    },
    {
      kind: 'gauge',
      name: 'http_inbound_buffer_bytes',
      help: 'Shared memory that requests hold, of INBOUND_MEMORY_MB.',
      samples: () => [[parts().inbound.allocatedBytes]],
    },
    {
      kind: 'gauge',
      name: 'http_outbound_held_bytes',
      help: 'Responses that clients have not taken, of OUTBOUND_MEMORY_MB.',
      samples: () => [[parts().ledger.heldBytes]],
    },
  ];
}

function queueMetrics(parts: () => MeasuredParts): readonly SampledMetric[] {
  return [
    {
      kind: 'gauge',
      name: 'http_queue_depth',
      help: 'Connections whose requests wait for a worker.',
      samples: () => [[parts().queue.length]],
    },
    {
      kind: 'gauge',
      name: 'http_queue_wait_seconds',
      help: 'How long the request at the head of the queue has waited.',
      samples: () => [[parts().overload.waitMs / 1_000]],
    },
    {
      kind: 'gauge',
      name: 'http_queue_wait_limit_seconds',
      help: 'A request that would wait for longer is refused.',
      samples: () => [[parts().overload.limitMs / 1_000]],
    },
    {
      kind: 'counter',
      name: 'http_shed_total',
      help: 'Requests and connections that were refused for lack of something, or because their client left.',
      labels: ['reason'],
      samples: () => labelled('reason', parts().counts.shed),
    },
  ];
}

function workerMetrics(parts: () => MeasuredParts): readonly SampledMetric[] {
  return [
    {
      kind: 'gauge',
      name: 'worker_threads',
      help: 'Workers by what they do now.',
      labels: ['state'],
      samples: () => labelled('state', countWorkers(parts())),
    },
    {
      kind: 'gauge',
      name: 'worker_handlers_in_flight',
      help: 'Handlers that wait for something.',
      samples: () => [[sumOf(parts().supervisor.living(), ({ words }) => words.inFlight)]],
    },
    {
      kind: 'counter',
      name: 'worker_starts_total',
      help: 'Worker threads that were started.',
      samples: () => [[parts().supervisor.starts]],
    },
    {
      kind: 'counter',
      name: 'worker_failures_total',
      help: 'Workers that were replaced because of a fault.',
      labels: ['cause'],
      samples: () => labelled('cause', parts().supervisor.failures),
    },
    {
      kind: 'gauge',
      name: 'worker_heap_bytes',
      help: 'The heap of a worker at its last sign of life.',
      labels: ['worker'],
      samples: () => memories(parts(), ({ heapBytes }) => heapBytes),
    },
    {
      kind: 'gauge',
      name: 'worker_external_bytes',
      help: 'What the objects of a worker hold outside its heap, at its last sign of life.',
      labels: ['worker'],
      samples: () => memories(parts(), ({ externalBytes }) => externalBytes),
    },
  ];
}

function labelled(label: string, counts: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(counts).map(([value, count]) => [count, { [label]: value }]);
}

function countWorkers({ supervisor, parked }: MeasuredParts): Record<string, number> {
  const counts = { starting: 0, parked: 0, busy: 0, draining: 0, stuck: 0 };
  for (const { phase, slot } of supervisor.living()) {
    if (phase === 'serving') counts[parked.isParked(slot) ? 'parked' : 'busy']++;
    else if (phase !== 'ended') counts[phase]++;
  }
  return counts;
}

function sumOf(workers: Iterable<WorkerHandle>, value: (worker: WorkerHandle) => number): number {
  let sum = 0;
  for (const worker of workers) sum += value(worker);
  return sum;
}

function* memories(
  { supervisor }: MeasuredParts,
  bytesOf: (memory: NonNullable<WorkerHandle['lastMemory']>) => number,
): Generator<Sample> {
  for (const { lastMemory, slot } of supervisor.living()) {
    if (lastMemory !== null) yield [bytesOf(lastMemory), { worker: slot }];
  }
}
