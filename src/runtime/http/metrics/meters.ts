/**
 * The counters and gauges of an application, for its metrics. An application declares them when it registers
 * its routes, so their number has a bound. To count is to write a word that only this worker writes, and the
 * main thread adds up the words of all workers when somebody asks (server/metrics/).
 */
import { APPLICATION_METERS } from '../../memory/layout.ts';
import { RouterError } from '../application-errors.ts';

export interface Counter {
  /** @param count a whole number, not negative */
  add(count?: number): void;
}

/** The sum of what all workers have set. */
export interface Gauge {
  /** @param value a whole number of 32 bits */
  set(value: number): void;
  add(difference: number): void;
}

/** What tells apart the meters of one name: fixed values, such as `{ outcome: 'failure' }`. */
export type MeterLabels = Readonly<Record<string, string>>;

export interface MeterDeclaration {
  readonly kind: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  readonly labels: MeterLabels;
}

/** Names as Prometheus advises them. */
const NAME = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/;
const TOTAL = /_total$/;
/** The names of the runtime and of Node.js begin so. */
const RESERVED = /^(?:http|nodejs|process|worker)_/;

export class Meters {
  readonly #declarations: MeterDeclaration[] = [];
  #words: Int32Array = new Int32Array(APPLICATION_METERS);

  get declarations(): readonly MeterDeclaration[] {
    return this.#declarations;
  }

  counter(name: string, help: string, labels: MeterLabels): Counter {
    const index = this.#declare({ kind: 'counter', name, help, labels });
    return {
      add: (count = 1) => {
        this.#words[index] = (this.#words[index] as number) + count;
      },
    };
  }

  gauge(name: string, help: string, labels: MeterLabels): Gauge {
    const index = this.#declare({ kind: 'gauge', name, help, labels });
    return {
      set: (value) => {
        this.#words[index] = value;
      },
      add: (difference) => {
        this.#words[index] = (this.#words[index] as number) + difference;
      },
    };
  }

  /** From now on they are counted where main reads them. @param words the row of this worker */
  countIn(words: Int32Array): void {
    for (const [index, { kind }] of this.#declarations.entries()) {
      const soFar = this.#words[index] as number;
      words[index] = kind === 'gauge' ? soFar : (words[index] as number) + soFar;
    }
    this.#words = words;
  }

  #declare(declaration: MeterDeclaration): number {
    this.#check(declaration);
    this.#declarations.push(
      Object.freeze({ ...declaration, labels: Object.freeze({ ...declaration.labels }) }),
    );
    return this.#declarations.length - 1;
  }

  #check({ kind, name, labels }: MeterDeclaration): void {
    if (!NAME.test(name) || RESERVED.test(name) || TOTAL.test(name) !== (kind === 'counter')) {
      const rule = kind === 'counter' ? 'ends with _total' : 'does not end with _total';
      throw refused(`the name of a ${kind} is in snake case, ${rule}, and is not the runtime's: ${name}`);
    }
    if (!Object.keys(labels).every((label) => NAME.test(label) && label !== 'le')) {
      throw refused(`the labels of ${name} must have names in snake case`);
    }
    const related = this.#declarations.filter((declared) => declared.name === name);
    if (related.some((one) => one.kind !== kind || keyOf(one.labels) !== keyOf(labels))) {
      throw refused(`all meters named ${name} must be of one kind, with the same labels`);
    }
    if (related.some((one) => valuesOf(one.labels) === valuesOf(labels))) {
      throw refused(`${name} is declared twice with the same labels`);
    }
    if (this.#declarations.length >= APPLICATION_METERS) {
      throw refused(`an application may have ${APPLICATION_METERS} meters`);
    }
  }
}

function keyOf(labels: MeterLabels): string {
  return Object.keys(labels).sort().join();
}

function valuesOf(labels: MeterLabels): string {
  return JSON.stringify(Object.entries(labels).sort());
}

function refused(reason: string): RouterError {
  return new RouterError('ERR_METER', `A meter cannot be declared: ${reason}`);
}
