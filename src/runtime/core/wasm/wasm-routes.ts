/**
 * Writes a route tree into the region of a WebAssembly core, in the layout that assembly/routing/router.ts
 * walks. wasm-core.ts calls it when the routes are loaded. Nothing in the tree changes afterwards.
 */

import {
  CHILD_ADDRESS,
  CHILD_BYTES,
  CHILD_LABEL_LENGTH,
  LEAF_ALLOWED,
  LEAF_BYTES,
  LEAF_ROUTES,
  NODE_BYTES,
  NODE_LEAF,
  NODE_LOW,
  NODE_PARAMETER,
  NODE_SPAN,
  NODE_WILDCARD,
} from '../../../../assembly/layout.ts';
import type { RouteLeaf, RouteNode, RouteTree } from '../routing/route-tree.ts';

const ALIGNMENT_BYTES = 8;

/** @returns the address of the root @throws Error if the tree does not fit between the two addresses */
export function writeRouteTree(
  tree: RouteTree,
  memory: WebAssembly.Memory,
  from: number,
  stop: number,
): number {
  return new TreeWriter(memory, from, stop).writeNode(tree.root);
}

class TreeWriter {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #stop: number;
  #next: number;

  constructor(memory: WebAssembly.Memory, from: number, stop: number) {
    this.#view = new DataView(memory.buffer);
    this.#bytes = new Uint8Array(memory.buffer);
    this.#next = from;
    this.#stop = stop;
  }

  writeNode(node: RouteNode): number {
    const firsts = node.children.map((child) => child.label[0] as number);
    const low = firsts.length === 0 ? 0 : Math.min(...firsts);
    const span = firsts.length === 0 ? 0 : Math.max(...firsts) - low + 1;
    const label = NODE_BYTES + span * CHILD_BYTES;
    const address = this.#reserve(label + node.label.length);
    this.#word(address + NODE_LOW, low);
    this.#word(address + NODE_SPAN, span);
    this.#bytes.set(node.label, address + label);
    if (node.leaf !== undefined) this.#word(address + NODE_LEAF, this.#writeLeaf(node.leaf));
    if (node.wildcard !== undefined) this.#word(address + NODE_WILDCARD, this.#writeLeaf(node.wildcard));
    if (node.parameter !== undefined) this.#word(address + NODE_PARAMETER, this.writeNode(node.parameter));
    for (const [index, child] of node.children.entries()) {
      const entry = address + NODE_BYTES + ((firsts[index] as number) - low) * CHILD_BYTES;
      this.#word(entry + CHILD_ADDRESS, this.writeNode(child));
      this.#word(entry + CHILD_LABEL_LENGTH, child.label.length);
    }
    return address;
  }

  #writeLeaf(leaf: RouteLeaf): number {
    const address = this.#reserve(LEAF_BYTES);
    this.#word(address + LEAF_ALLOWED, leaf.allowed);
    for (const [method, route] of leaf.routes.entries()) {
      this.#view.setInt16(address + LEAF_ROUTES + 2 * method, route, true);
    }
    return address;
  }

  #word(address: number, value: number): void {
    this.#view.setUint32(address, value, true);
  }

  /** Zeroed, aligned bytes. */
  #reserve(length: number): number {
    const address = this.#next;
    const end = address + Math.ceil(length / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    if (end > this.#stop) throw new Error('the routes do not fit into the region of the core');
    this.#bytes.fill(0, address, end);
    this.#next = end;
    return address;
  }
}
