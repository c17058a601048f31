/**
 * One fuzzing run: makes inputs (mutants of the corpus, and requests from a grammar), puts each through every
 * check, and collects findings, each with the smallest input that still shows it. A seed fixes everything.
 */

import fc from 'fast-check';
import { Arena } from './arena.ts';
import { checkInput, Finding } from './checks.ts';
import { loadCorpus } from './corpus.ts';
import { requests } from './grammar.ts';
import { Llhttp } from './llhttp.ts';
import { compareWithLlhttp } from './llhttp-comparison.ts';
import { unexplained } from './llhttp-explained.ts';
import { minimize } from './minimize.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';

/** Inputs that the grammar makes at a time. fast-check is quickest in batches. */
const GRAMMAR_BATCH = 64;
/** One input in so many comes from the grammar as it is. Mutants of the last batch are in the corpus too. */
const GRAMMAR_SHARE = 4;
const MAX_FINDINGS = 20;
/** Limits that most inputs are just within or just beyond. One input in so many is parsed under them. */
const NARROW_LIMITS = { maxHeaderBytes: 64, maxTargetBytes: 24, maxBodyBytes: 12 };
const NARROW_SHARE = 6;

export interface FoundInput {
  readonly finding: Finding;
  readonly input: Uint8Array;
}

export class Fuzzer {
  readonly #arena = new Arena();
  readonly #narrowArena = new Arena(NARROW_LIMITS);
  readonly #llhttp = new Llhttp();
  readonly #random: Random;
  readonly #seeds = loadCorpus();
  #batch: Uint8Array[] = [];
  readonly #found = new Map<string, FoundInput>();
  executions = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  get parses(): number {
    return this.#arena.parses + this.#narrowArena.parses;
  }

  get found(): FoundInput[] {
    return [...this.#found.values()];
  }

  /** Runs a number of inputs. Goes on after a finding, so that one does not hide the others. */
  run(inputs: number): void {
    for (let count = 0; count < inputs && this.#found.size < MAX_FINDINGS; count++) {
      const input = this.#nextInput();
      this.executions++;
      const isNarrow = this.#random.oneIn(NARROW_SHARE);
      const finding = this.#check(input, isNarrow);
      if (finding !== undefined) this.#note(finding, input, isNarrow);
    }
  }

  #nextInput(): Uint8Array {
    if (!this.#random.oneIn(GRAMMAR_SHARE)) {
      const seeds = this.#batch.length > 0 && this.#random.oneIn(3) ? this.#batch : this.#seeds;
      return mutate(seeds, this.#random);
    }
    const next = this.#batch.pop();
    if (next !== undefined) return next;
    this.#batch = fc.sample(requests, { numRuns: GRAMMAR_BATCH, seed: this.#random.below(2 ** 31) });
    return this.#nextInput();
  }

  #check(input: Uint8Array, isNarrow: boolean): Finding | undefined {
    try {
      checkInput(isNarrow ? this.#narrowArena : this.#arena, input, this.#random);
      if (isNarrow) return undefined;
      const disagreement = compareWithLlhttp(this.#arena, this.#arena.js, this.#llhttp, input);
      const problem = disagreement && unexplained(disagreement);
      return problem === undefined ? undefined : new Finding('llhttp', problem);
    } catch (error) {
      if (error instanceof Finding) return error;
      throw new Error(`a core threw at ${JSON.stringify(Buffer.from(input).toString('latin1'))}`, {
        cause: error,
      });
    }
  }

  /** Findings that differ only in numbers are one. */
  #note(finding: Finding, input: Uint8Array, isNarrow: boolean): void {
    const key = `${finding.kind} ${finding.message.replace(/".*"/g, '').replace(/\d+/g, '#')}`;
    if (this.#found.has(key)) return;
    const small = minimize(input, (candidate) => this.#check(candidate, isNarrow)?.kind === finding.kind);
    this.#found.set(key, { finding: this.#check(small, isNarrow) ?? finding, input: small });
  }
}
