/**
 * Prints the bytes of memory that the machine code of the module takes. V8 does not tell. So this compiles
 * modules that differ in a section without meaning, since V8 keeps the code of equal ones once, and looks at
 * the resident memory. Started with V8 options that compile all of a module at once. Parameter: the module.
 */
import { readFileSync } from 'node:fs';

const MODULES = 24;
/** Until the compiler has the memory that it works in. */
const WARM_UP_MODULES = 4;

const wire = readFileSync(process.argv[2] ?? '');
const kept: object[] = [];
for (let index = 0; index < WARM_UP_MODULES; index++) kept.push(compile(index));
const before = process.memoryUsage.rss();
for (let index = 0; index < MODULES; index++) kept.push(compile(WARM_UP_MODULES + index));
const grown = process.memoryUsage.rss() - before;
if (kept.length !== WARM_UP_MODULES + MODULES) throw new Error('a module is missing');
process.stdout.write(`${Math.round(Math.max(0, grown) / MODULES)}`);

/** With a custom section: its number, its length, and a name of one letter. */
function compile(index: number): object {
  return new WebAssembly.Module(Buffer.concat([wire, Uint8Array.of(0, 2, 1, 0x61 + index)]));
}
