/**
 * A small explicit-state model checker. A model says which steps each thread can take from a state. The
 * checker visits every state that any interleaving can reach, breadth first, so that the first
 * counter-example it finds is a shortest one. Used by the tests in this folder.
 *
 * It checks three things: a property of every state (`fault`), a property of the states in which nobody can
 * move any more (`unrest`), and that from every state such a state of rest can still be reached, so that
 * nobody runs in circles for ever.
 */

export interface Step<State> {
  /** The step in words, for the counter-example: "worker 0 moves the head to 1". */
  readonly what: string;
  readonly next: State;
}

export interface Model<State> {
  readonly initial: State;
  /**
   * Every step that can happen next: of a thread, of the network, or a death. States are never changed in
   * place.
   */
  steps(state: State): Iterable<Step<State>>;
  /** The fault of a state, if any. */
  fault(state: State): string | undefined;
  /** The fault of a state in which nobody can move, if any. */
  unrest(state: State): string | undefined;
  /** Equal for equal states, and only for them. */
  key(state: State): string;
  /** A line for the counter-example. */
  show(state: State): string;
}

export interface CheckResult {
  readonly states: number;
  readonly steps: number;
  /** States in which nobody can move. */
  readonly restStates: number;
  readonly violation: Violation | undefined;
}

export interface Violation {
  readonly message: string;
  /** From the initial state to the violation, for a person to read. */
  readonly trace: string;
}

/** For each state, the state from which it was first reached, and the number of the step. */
interface Ways {
  readonly from: number[];
  readonly choice: number[];
}

/** @param maximumStates a model that grows beyond this is an error, not a long test */
export function check<State>(model: Model<State>, maximumStates = 1_000_000): CheckResult {
  const indexes = new Map([[model.key(model.initial), 0]]);
  // States that were not looked at yet, first in, first out: a breadth-first search. Done ones are let go.
  const open: (State | undefined)[] = [model.initial];
  const ways: Ways = { from: [-1], choice: [0] };
  const edges: Edges = { from: [], to: [] };
  const rests: number[] = [];

  const result = (message?: string, index = 0): CheckResult => ({
    states: open.length,
    steps: edges.from.length,
    restStates: rests.length,
    violation: message === undefined ? undefined : { message, trace: trace(model, ways, index, message) },
  });

  for (let index = 0; index < open.length; index++) {
    const state = open[index];
    if (state === undefined) throw new Error('every state is looked at once');
    open[index] = undefined;
    const fault = model.fault(state);
    if (fault !== undefined) return result(fault, index);
    let choice = 0;
    for (const { next } of model.steps(state)) {
      const key = model.key(next);
      let to = indexes.get(key);
      if (to === undefined) {
        to = open.push(next) - 1;
        if (to === maximumStates) throw new Error(`the model has more than ${maximumStates} states`);
        indexes.set(key, to);
        ways.from.push(index);
        ways.choice.push(choice);
      }
      edges.from.push(index);
      edges.to.push(to);
      choice++;
    }
    if (choice > 0) continue;
    const unrest = model.unrest(state);
    if (unrest !== undefined) return result(`nobody can move, but ${unrest}`, index);
    rests.push(index);
  }

  const lost = firstThatCannotReach(rests, edges, open.length);
  return lost === -1 ? result() : result('from here on nobody ever comes to rest', lost);
}

interface Edges {
  readonly from: number[];
  readonly to: number[];
}

/** Walks the edges backwards from the targets. @returns the first state that was not met, or -1 */
function firstThatCannotReach(targets: readonly number[], { from, to }: Edges, states: number): number {
  // The edges sorted by where they lead: those into state n lie from begin[n] to begin[n + 1].
  const begin = new Uint32Array(states + 1);
  for (const target of to) begin[target + 1] = at(begin, target + 1) + 1;
  for (let state = 0; state < states; state++) begin[state + 1] = at(begin, state) + at(begin, state + 1);
  const fill = begin.slice();
  const sources = new Uint32Array(to.length);
  for (const [edge, target] of to.entries()) {
    sources[at(fill, target)] = at(from, edge);
    fill[target] = at(fill, target) + 1;
  }

  const reaches = new Uint8Array(states);
  const open = [...targets];
  for (const target of targets) reaches[target] = 1;
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    for (const source of sources.subarray(begin[state], begin[state + 1])) {
      if (reaches[source] === 1) continue;
      reaches[source] = 1;
      open.push(source);
    }
  }
  return reaches.indexOf(0);
}

/** Repeats the steps from the initial state, and describes them. */
function trace<State>(model: Model<State>, ways: Ways, last: number, message: string): string {
  const choices: number[] = [];
  for (let index = last; index > 0; index = at(ways.from, index)) choices.push(at(ways.choice, index));
  const lines = [line('', model.show(model.initial), 0)];
  let state = model.initial;
  for (const choice of choices.reverse()) {
    const step = at([...model.steps(state)], choice);
    state = step.next;
    lines.push(line(step.what, model.show(state), lines.length));
  }
  return [`${message}. This is how, in ${choices.length} steps:`, ...lines].join('\n');
}

function line(what: string, state: string, number: number): string {
  return `${String(number).padStart(4)}  ${what.padEnd(52)} ${state}`;
}

/**
 * A short key for a state that consists of whole numbers from -1 on. A list of varying length comes last or
 * begins with its length.
 */
export function keyOf(numbers: readonly number[]): string {
  return String.fromCharCode(...numbers.map((number) => number + 1));
}

/** The element of a list that has it. */
export function at<T>(list: ArrayLike<T>, index: number): T {
  const element = list[index];
  if (element === undefined) throw new RangeError(`no element ${index}`);
  return element;
}
