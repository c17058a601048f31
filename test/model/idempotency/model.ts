/**
 * The protocol of src/cloudvm/idempotency as a model: requests with one key that make a VM, in workers that
 * may die at any step, and may be believed dead although they are only slow. A client that sees the VM may
 * delete it. A step is one write or one read of the database, which are atomic there.
 *
 * A plan is a number. Of each plan there is the document with the id that it has drawn, and its operation.
 */
import { keyOf, type Model, type Step } from '../checker.ts';

export type KeyBug =
  | 'none'
  | 'the id of a plan is not blocked'
  | 'a VM that was found is not kept'
  | 'who takes over trusts the plan that it has read before'
  | 'a plan is changed by any attempt'
  | 'a VM that is made and deleted in between is not noticed'
  | 'the answer is given before the operation is stored';

export interface KeyOptions {
  readonly bug?: KeyBug;
  readonly workers?: number;
  readonly deaths?: number;
  /** How often a lease ends although its holder lives. */
  readonly suspicions?: number;
  /** How often the quota makes a worker take its VM back. */
  readonly refusals?: number;
}

type WorkerAt =
  | 'send'
  | 'compare'
  | 'takeOver'
  | 'look'
  | 'block'
  | 'lookAgain'
  | 'changePlan'
  | 'make'
  | 'takeBack'
  | 'store'
  | 'answered'
  | 'refused';

const STEPS: readonly WorkerAt[] = [
  'send',
  'compare',
  'takeOver',
  'look',
  'block',
  'lookAgain',
  'changePlan',
  'make',
  'takeBack',
  'store',
  'answered',
  'refused',
];
const ENDED: readonly WorkerAt[] = ['answered', 'refused'];
const NONE = -1;
/** Each takes part in a plan of its own at first, and may draw one more. */
const PLANS_OF_EACH = 2;

interface WorkerThread {
  readonly at: WorkerAt;
  readonly attempt: number;
  /** That it looks into, or carries out. */
  readonly plan: number;
  readonly drawn: number;
}

type Document = 'absent' | 'vm' | 'kept' | 'blocked' | 'gone';
const DOCUMENTS: readonly Document[] = ['absent', 'vm', 'kept', 'blocked', 'gone'];

interface PlanState {
  readonly document: Document;
  readonly isStored: boolean;
}

interface KeyState {
  readonly workers: readonly WorkerThread[];
  /** Attempt 0: there is no key yet. */
  readonly key: { readonly attempt: number; readonly plan: number; readonly isLeased: boolean };
  readonly plans: readonly PlanState[];
  /** What a client was told. */
  readonly told: number;
  readonly fault: number;
  readonly deaths: number;
  readonly suspicions: number;
  readonly refusals: number;
}

const FAULTS = ['', 'two clients were told of two VMs', 'a client was told of a VM that is not made'];

export function keyModel(options: KeyOptions): Model<KeyState> {
  const { bug = 'none', workers = 2, deaths = 0, suspicions = 0, refusals = 0 } = options;
  return {
    initial: {
      workers: Array.from({ length: workers }, () => ({ at: 'send', attempt: 0, plan: NONE, drawn: 0 })),
      key: { attempt: 0, plan: NONE, isLeased: false },
      plans: Array.from({ length: workers * PLANS_OF_EACH }, () => ({ document: 'absent', isStored: false })),
      told: NONE,
      fault: 0,
      deaths,
      suspicions,
      refusals,
    },
    steps: (state) => stepsOf(state, bug),
    fault: faultOf,
    unrest: unrestOf,
    key: keyOfState,
    show: JSON.stringify,
  };
}

function* stepsOf(state: KeyState, bug: KeyBug): Generator<Step<KeyState>> {
  for (const index of state.workers.keys()) yield* stepsOfWorker(state, index, bug);
  yield* leaseEnds(state);
  for (const [plan, { document, isStored }] of state.plans.entries()) {
    const isThere = document === 'vm' || document === 'kept';
    // As runner/leftovers.ts does, once nobody is about to.
    if (isThere && !isStored && !state.workers.some((worker) => isAbout(worker, plan))) {
      yield { what: `somebody stores the operation of plan ${plan}`, next: stored(state, plan) };
    }
    // A VM that is pending cannot be deleted, so its operation is stored.
    if (isThere && isStored) {
      yield { what: `a client deletes the VM of plan ${plan}`, next: withDocument(state, plan, 'gone') };
    }
  }
}

function isAbout({ at, plan }: WorkerThread, of: number): boolean {
  return plan === of && (at === 'store' || at === 'takeBack');
}

/** At once if its holder is dead or has been refused, and now and then although it lives. */
function* leaseEnds(state: KeyState): Generator<Step<KeyState>> {
  const { key, workers, suspicions } = state;
  if (!key.isLeased) return;
  const isHeld = workers.some(({ at, attempt }) => attempt === key.attempt && !ENDED.includes(at));
  if (isHeld && suspicions === 0) return;
  yield {
    what: 'the lease ends',
    next: { ...state, key: { ...key, isLeased: false }, suspicions: isHeld ? suspicions - 1 : suspicions },
  };
}

function* stepsOfWorker(state: KeyState, index: number, bug: KeyBug): Generator<Step<KeyState>> {
  const worker = state.workers[index];
  if (worker === undefined || ENDED.includes(worker.at)) return;
  const { key } = state;
  const at = worker.plan === NONE ? undefined : state.plans[worker.plan];
  const go = (what: string, change: Partial<WorkerThread>, from: KeyState = state): Step<KeyState> => ({
    what: `worker ${index} ${what}`,
    next: {
      ...from,
      workers: from.workers.map((one, other) => (other === index ? { ...one, ...change } : one)),
    },
  });
  const again: Partial<WorkerThread> = { at: 'send', attempt: 0, plan: NONE };
  if (worker.at !== 'send' && state.deaths > 0) {
    yield go('dies, and its client sends the request again', again, { ...state, deaths: state.deaths - 1 });
  }
  const next = index * PLANS_OF_EACH + worker.drawn;
  const canDraw = worker.drawn < PLANS_OF_EACH;

  switch (worker.at) {
    case 'send':
      if (key.attempt > 0) yield go('finds the key', { at: 'compare', plan: key.plan, attempt: key.attempt });
      else {
        yield go(
          'stores the key with a plan',
          { at: 'make', attempt: 1, plan: next, drawn: worker.drawn + 1 },
          { ...state, key: { attempt: 1, plan: next, isLeased: true } },
        );
      }
      break;
    case 'compare':
      if (at?.isStored === true)
        yield go('finds that the plan is done', { at: 'answered' }, told(state, worker.plan));
      else if (key.isLeased) yield go('is refused: the key is in use', again);
      else yield go('may take over', { at: 'takeOver' });
      break;
    case 'takeOver':
      if (key.attempt === worker.attempt) {
        const trusts = bug === 'who takes over trusts the plan that it has read before';
        yield go(
          'takes over',
          { at: 'look', attempt: key.attempt + 1, plan: trusts ? worker.plan : key.plan },
          { ...state, key: { ...key, attempt: key.attempt + 1, isLeased: true } },
        );
      } else yield go('is late', again);
      break;
    case 'look':
      if (at?.document === 'vm' || at?.document === 'kept') {
        const keeps = bug !== 'a VM that was found is not kept';
        yield go('finds the VM', { at: 'store' }, keeps ? withDocument(state, worker.plan, 'kept') : state);
      } else yield go('finds no VM', { at: 'block' });
      break;
    case 'block':
      if (at?.document === 'vm' || at?.document === 'kept')
        yield go('finds the VM after all', { at: 'look' });
      else if (bug === 'the id of a plan is not blocked') yield go('goes on', { at: 'lookAgain' });
      else if (at?.document === 'blocked') yield go('finds the id blocked', { at: 'lookAgain' });
      else yield go('blocks the id', { at: 'lookAgain' }, withDocument(state, worker.plan, 'blocked'));
      break;
    case 'lookAgain': {
      const looks = bug !== 'a VM that is made and deleted in between is not noticed';
      if (looks && at?.isStored === true) {
        yield go('finds that it was made, and deleted', { at: 'answered' }, told(state, worker.plan));
      } else yield go('knows that the plan never will be done', { at: 'changePlan' });
      break;
    }
    case 'changePlan':
      if (!canDraw) yield go('gives up', { at: 'refused' });
      else if (key.attempt === worker.attempt || bug === 'a plan is changed by any attempt') {
        yield go(
          'changes the plan',
          { at: 'make', plan: next, drawn: worker.drawn + 1 },
          { ...state, key: { ...key, plan: next } },
        );
      } else yield go('finds that its attempt is over', again);
      break;
    case 'make':
      if (at?.document === 'blocked') yield go('finds its id blocked', { at: 'changePlan' });
      else {
        yield go('makes the VM', { at: 'store' }, withDocument(state, worker.plan, 'vm'));
        if (state.refusals > 0) {
          const refusing = { ...state, refusals: state.refusals - 1 };
          yield go('makes one VM too many', { at: 'takeBack' }, withDocument(refusing, worker.plan, 'vm'));
        }
      }
      break;
    case 'takeBack':
      if (at?.document === 'vm') {
        yield go('takes it back', { at: 'refused' }, withDocument(state, worker.plan, 'absent'));
      } else yield go('finds that it is kept', { at: 'store' });
      break;
    case 'store':
      if (bug === 'the answer is given before the operation is stored') {
        yield go('answers, and has not stored the operation', { at: 'answered' }, told(state, worker.plan));
      } else
        yield go('stores the operation', { at: 'answered' }, told(stored(state, worker.plan), worker.plan));
      break;
  }
}

function withDocument(state: KeyState, plan: number, document: Document): KeyState {
  return { ...state, plans: state.plans.map((one, at) => (at === plan ? { ...one, document } : one)) };
}

function stored(state: KeyState, plan: number): KeyState {
  return { ...state, plans: state.plans.map((one, at) => (at === plan ? { ...one, isStored: true } : one)) };
}

/** A client gets the answer of a plan. */
function told(state: KeyState, plan: number): KeyState {
  const isTrue = state.plans[plan]?.isStored === true;
  if (state.told !== NONE && state.told !== plan) return { ...state, fault: 1 };
  return { ...state, told: plan, fault: isTrue ? state.fault : 2 };
}

function faultOf({ plans, fault }: KeyState): string | undefined {
  if (fault > 0) return FAULTS[fault];
  const begun = plans.filter(({ isStored }) => isStored);
  if (begun.length > 1) return 'two VMs were made';
  const lost = plans.find(({ document, isStored }) => isStored && document === 'absent');
  return lost === undefined ? undefined : 'a VM is gone that nobody has deleted';
}

function unrestOf({ workers, told }: KeyState): string | undefined {
  const isAnswered = workers.some(({ at }) => at === 'answered');
  return isAnswered && told === NONE ? 'nobody was told' : undefined;
}

function keyOfState({ workers, key, plans, told, fault, deaths, suspicions, refusals }: KeyState): string {
  return keyOf([
    ...workers.flatMap(({ at, attempt, plan, drawn }) => [STEPS.indexOf(at), attempt, plan, drawn]),
    key.attempt,
    key.plan,
    Number(key.isLeased),
    ...plans.flatMap(({ document, isStored }) => [DOCUMENTS.indexOf(document), Number(isStored)]),
    told,
    fault,
    deaths,
    suspicions,
    refusals,
  ]);
}
