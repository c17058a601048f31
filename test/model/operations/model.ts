/**
 * The lease protocol of src/cloudvm/operations as a model: one operation, its target, and two workers that
 * may die at any step, and may be believed dead although they are only slow. A step is one write or one read
 * of the database, which are atomic there, or an event in a worker.
 */
import { keyOf, type Model, type Step } from '../checker.ts';

export type OperationBug =
  | 'none'
  | 'the outcome is written by any attempt'
  | 'the operation ends before its target'
  | 'an operation that was never stored is forgotten'
  | 'an outcome that was written is produced again'
  | 'a failure is not noted before it is written'
  | 'a noted failure is not taken back';

export interface OperationOptions {
  readonly bug?: OperationBug;
  readonly deaths?: number;
  /** How often a lease ends although its holder lives. */
  readonly suspicions?: number;
  /** Failures that may pass. */
  readonly failures?: number;
}

type WorkerAt =
  | 'idle'
  | 'store'
  | 'fence'
  | 'takeBack'
  | 'call'
  | 'postpone'
  | 'note'
  | 'settle'
  | 'look'
  | 'finish';
type Outcome = 'succeeded' | 'failed';

const STEPS: readonly WorkerAt[] = [
  'idle',
  'store',
  'fence',
  'takeBack',
  'call',
  'postpone',
  'note',
  'settle',
  'look',
  'finish',
];
const OUTCOMES: readonly Outcome[] = ['succeeded', 'failed'];

interface WorkerThread {
  readonly at: WorkerAt;
  readonly attempt: number;
  /** What it would write, or what the operation told when it was taken. */
  readonly outcome: Outcome;
}

interface OperationState {
  readonly workers: readonly WorkerThread[];
  readonly operation: {
    readonly isStored: boolean;
    readonly attempts: number;
    /** -1: nobody. */
    readonly holder: number;
    readonly isDue: boolean;
    /** Noted before a failure is written to the target. */
    readonly isFailing: boolean;
    readonly ending: Outcome | 'none';
  };
  readonly target: {
    /** A later operation has begun. */
    readonly isLater: boolean;
    readonly attempt: number;
    readonly outcome: Outcome | 'none';
    /** How often an outcome of this operation was written, and by which attempt. */
    readonly writes: number;
    readonly writer: number;
  };
  readonly deaths: number;
  readonly suspicions: number;
  readonly failures: number;
}

const IDLE: WorkerThread = { at: 'idle', attempt: 0, outcome: 'succeeded' };

export function operationModel(options: OperationOptions): Model<OperationState> {
  const { bug = 'none', deaths = 0, suspicions = 0, failures = 0 } = options;
  return {
    // The target is stored already, and the first worker is about to store the operation that it has taken.
    initial: {
      workers: [{ ...IDLE, at: 'store', attempt: 1 }, IDLE],
      operation: { isStored: false, attempts: 0, holder: -1, isDue: false, isFailing: false, ending: 'none' },
      target: { isLater: false, attempt: 1, outcome: 'none', writes: 0, writer: 0 },
      deaths,
      suspicions,
      failures,
    },
    steps: (state) => stepsOf(state, bug),
    fault: faultOf,
    unrest: unrestOf,
    key: keyOfState,
    show: JSON.stringify,
  };
}

function* stepsOf(state: OperationState, bug: OperationBug): Generator<Step<OperationState>> {
  const { operation, target } = state;
  for (const index of state.workers.keys()) yield* stepsOfWorker(state, index, bug);
  if (operation.isStored && !operation.isDue && operation.ending === 'none') yield* leaseEnds(state);
  if (target.outcome !== 'none' && !target.isLater) {
    yield { what: 'a later operation begins', next: { ...state, target: { ...target, isLater: true } } };
  }
}

/** At once if its holder is dead, and now and then although it lives. */
function* leaseEnds(state: OperationState): Generator<Step<OperationState>> {
  const { operation, workers, suspicions } = state;
  const isHeld = workers.some(({ at, attempt }) => at !== 'idle' && attempt === operation.attempts);
  if (isHeld && suspicions === 0) return;
  const left = isHeld ? suspicions - 1 : suspicions;
  yield {
    what: 'the lease ends',
    next: { ...state, operation: { ...operation, isDue: true }, suspicions: left },
  };
}

function* stepsOfWorker(
  state: OperationState,
  index: number,
  bug: OperationBug,
): Generator<Step<OperationState>> {
  const worker = state.workers[index] ?? IDLE;
  const { operation, target } = state;
  const go = (what: string, change: Partial<WorkerThread>, others: Partial<OperationState> = {}) => ({
    what: `worker ${index} ${what}`,
    next: {
      ...state,
      ...others,
      workers: state.workers.map((one, at) => (at === index ? { ...one, ...change } : one)),
    },
  });
  if (worker.at !== 'idle' && state.deaths > 0) yield go('dies', IDLE, { deaths: state.deaths - 1 });
  const isMine = operation.holder === index && operation.attempts === worker.attempt;
  const isWaiting = !target.isLater && target.outcome === 'none';

  switch (worker.at) {
    case 'idle':
      if (!operation.isStored && bug !== 'an operation that was never stored is forgotten') {
        const isBeingStored = state.workers.some(({ at }) => at === 'store');
        // It waits so long that a worker which stores it is dead.
        if (!isBeingStored) {
          yield go('stores what is missing', IDLE, {
            operation: { ...operation, isStored: true, isDue: true },
          });
        }
      }
      if (operation.isStored && operation.isDue && operation.ending === 'none') {
        const attempt = operation.attempts + 1;
        const isSeen = attempt > 1 && bug !== 'an outcome that was written is produced again';
        yield go(
          `takes attempt ${attempt}`,
          { at: isSeen ? 'fence' : 'call', attempt, outcome: operation.isFailing ? 'failed' : 'succeeded' },
          { operation: { ...operation, attempts: attempt, holder: index, isDue: false } },
        );
      }
      break;
    case 'store':
      yield go(
        'stores the operation, taken',
        { at: 'call' },
        {
          operation: { ...operation, isStored: true, attempts: 1, holder: index },
        },
      );
      break;
    case 'fence':
      if (isWaiting && target.attempt < worker.attempt) {
        const isNoted = worker.outcome === 'failed' && bug !== 'a noted failure is not taken back';
        const at = isNoted ? 'takeBack' : 'call';
        yield go('fences the target', { at }, { target: { ...target, attempt: worker.attempt } });
      } else yield go('cannot fence the target', { at: 'look' });
      break;
    case 'takeBack':
      if (isMine) {
        yield go(
          'takes back that it fails',
          { at: 'call', outcome: 'succeeded' },
          { operation: { ...operation, isFailing: false } },
        );
      } else yield go('has lost the operation', IDLE);
      break;
    case 'call':
      for (const outcome of OUTCOMES) {
        const isNoted = outcome === 'failed' && bug !== 'a failure is not noted before it is written';
        const isEarly = bug === 'the operation ends before its target';
        const at = isEarly ? 'finish' : isNoted ? 'note' : 'settle';
        yield go(`calls the provider: ${outcome}`, { at, outcome });
      }
      if (state.failures > 0) {
        yield go('calls the provider: fails for now', { at: 'postpone' }, { failures: state.failures - 1 });
      }
      break;
    case 'postpone':
      yield go(
        'gives the operation back',
        IDLE,
        isMine ? { operation: { ...operation, holder: -1, isDue: true } } : {},
      );
      break;
    case 'note':
      if (isMine) {
        yield go('notes that it fails', { at: 'settle' }, { operation: { ...operation, isFailing: true } });
      } else yield go('has lost the operation', IDLE);
      break;
    case 'settle': {
      const isAllowed = target.attempt === worker.attempt || bug === 'the outcome is written by any attempt';
      if (isWaiting && isAllowed) {
        const { outcome, attempt } = worker;
        yield go(
          'writes the outcome',
          { at: 'finish' },
          {
            target: { ...target, outcome, writes: target.writes + 1, writer: attempt },
          },
        );
      } else yield go('cannot write the outcome', { at: 'look' });
      break;
    }
    case 'look':
      if (isWaiting) yield go('finds the target waiting for another', IDLE);
      else yield go('finds that an outcome was written', { at: 'finish' });
      break;
    case 'finish': {
      const ended = { ...operation, ending: worker.outcome, holder: -1, isDue: false };
      const isFirst = bug === 'the operation ends before its target' && isWaiting;
      yield go('ends the operation', isFirst ? { at: 'settle' } : IDLE, isMine ? { operation: ended } : {});
      break;
    }
  }
}

function faultOf({ operation, target, workers }: OperationState): string | undefined {
  if (target.writes > 1) return 'an outcome was written twice';
  if (target.writes === 1 && target.writer < target.attempt)
    return 'an attempt that was superseded has written';
  if (operation.ending !== 'none' && target.outcome === 'none')
    return 'it has ended before its effect is seen';
  if (operation.ending !== 'none' && operation.ending !== target.outcome)
    return 'it has ended in another way';
  const calls = workers.filter(({ at, attempt }) => at === 'call' && attempt === operation.attempts);
  if (calls.length > 0 && target.outcome !== 'none' && operation.attempts > target.attempt) {
    return 'the provider is called although the outcome is written';
  }
  return undefined;
}

function unrestOf({ operation, target }: OperationState): string | undefined {
  if (target.outcome === 'none') return 'the target waits for ever';
  if (operation.ending === 'none') return 'the operation never ends';
  return undefined;
}

function keyOfState({ workers, operation, target, deaths, suspicions, failures }: OperationState): string {
  const outcome = (value: Outcome | 'none') => (value === 'none' ? -1 : OUTCOMES.indexOf(value));
  return keyOf([
    ...workers.flatMap((worker) => [STEPS.indexOf(worker.at), worker.attempt, outcome(worker.outcome)]),
    Number(operation.isStored),
    operation.attempts,
    operation.holder,
    Number(operation.isDue),
    Number(operation.isFailing),
    outcome(operation.ending),
    Number(target.isLater),
    target.attempt,
    outcome(target.outcome),
    target.writes,
    target.writer,
    deaths,
    suspicions,
    failures,
  ]);
}
