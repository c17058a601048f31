/** A core on a memory of its own with an input in it, for the micro-benchmarks. */
import type { CoreOptions } from '../src/runtime/core/core.ts';

const PAGES = 64;
const REGION_ADDRESS = 1_048_576;
const REGION_BYTES = 262_144;
/** Where the input begins. It is unaligned on purpose, as it is on real connections. */
export const INPUT_ADDRESS = 2_097_152 + 5;

/** The options of a core, with the default limits of the server. */
export function coreOptions(input: Uint8Array): CoreOptions {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  new Uint8Array(memory.buffer).set(input, INPUT_ADDRESS);
  return {
    memory,
    regionAddress: REGION_ADDRESS,
    regionBytes: REGION_BYTES,
    limits: { maxHeaderBytes: 16_384, maxTargetBytes: 8192, maxBodyBytes: 1_048_576 },
  };
}
