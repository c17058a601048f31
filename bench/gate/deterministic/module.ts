/** The size of the WebAssembly module, and the functions that it calls outside itself. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tree } from '../tree.ts';
import { type Figures, figures } from './figures.ts';

const MODULE = 'build/core.wasm';

/** A part of the interface of WebAssembly that the types of Node.js do not have. */
const { Module } = WebAssembly as unknown as {
  Module: {
    new (bytes: Uint8Array): object;
    imports(module: object): readonly { readonly kind: string }[];
  };
};

export function measureModule({ root }: Tree): Figures {
  const bytes = readFileSync(join(root, MODULE));
  const functions = Module.imports(new Module(bytes)).filter(({ kind }) => kind === 'function');
  return figures([
    ['module.bytes', bytes.length],
    ['module.imported-functions', functions.length],
  ]);
}
