/**
 * Counts the bytes that a thread copies through the methods of Node.js and of typed arrays. Loops that copy
 * byte by byte are not seen, nor are the copies of the kernel, which are one in and one out for every server.
 */

const copied = new Float64Array(1);

export function copiedBytes(): number {
  return copied[0] as number;
}

function add(bytes: number): void {
  copied[0] = (copied[0] as number) + bytes;
}

type Method = (this: Uint8Array, ...parameters: unknown[]) => unknown;
type Methods = Record<string, Method>;

/** Some of the methods call others. What the outer one copies is counted once. */
let isInside = false;

/** @param bytes that a call has copied, from its result and its parameters */
function wrap(owner: object, name: string, bytes: (result: unknown, parameters: unknown[]) => number): void {
  const methods = owner as Methods;
  const original = methods[name];
  if (original === undefined) return;
  const wrapped: Method = function (...parameters) {
    if (isInside) return original.apply(this, parameters);
    isInside = true;
    try {
      const result = original.apply(this, parameters);
      add(bytes(result, parameters));
      return result;
    } finally {
      isInside = false;
    }
  };
  Object.defineProperty(owner, name, { value: wrapped, writable: true, configurable: true });
}

const count = (result: unknown): number => (typeof result === 'number' ? result : 0);
const length = (result: unknown): number => (result as { readonly length: number }).length;
const byteLength = (result: unknown): number => (result as Uint8Array).byteLength;

/** From now on. Code that is compiled already is compiled again. */
export function countCopies(): void {
  const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
  wrap(typedArray, 'set', (_, [source]) => length(source));
  wrap(typedArray, 'slice', byteLength);
  wrap(typedArray, 'copyWithin', (result, [, start, end]) => movedBytes(result as Uint8Array, start, end));
  const buffer = Buffer.prototype;
  for (const name of ['write', 'latin1Write', 'utf8Write', 'asciiWrite', 'copy']) wrap(buffer, name, count);
  for (const name of ['toString', 'latin1Slice', 'utf8Slice', 'asciiSlice']) wrap(buffer, name, length);
  wrap(Buffer, 'from', byteLength);
  wrap(Buffer, 'concat', byteLength);
  wrap(TextEncoder.prototype, 'encode', byteLength);
  wrap(TextEncoder.prototype, 'encodeInto', (result) => (result as { readonly written: number }).written);
  wrap(TextDecoder.prototype, 'decode', length);
}

function movedBytes(array: Uint8Array, start: unknown, end: unknown): number {
  const from = typeof start === 'number' ? start : 0;
  return Math.max(0, (typeof end === 'number' ? end : array.length) - from);
}
