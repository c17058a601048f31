/**
 * Compiles route patterns into a radix tree whose edges are pieces of static text, parameters and wildcards.
 * Both cores match on this one tree: js/match.ts walks the objects, wasm-routes.ts writes them into the
 * region. Each worker builds it once, before it serves.
 */

import {
  METHOD_GET,
  METHOD_HEAD,
  METHOD_OPTIONS,
  METHOD_OTHER,
  ROUTE_METHOD_NOT_ALLOWED,
} from '../../../../assembly/record.ts';
import type { RoutePattern } from '../core.ts';
import { methodNumber } from '../method.ts';
import { parseRoutePath } from './route-pattern.ts';

/** Route numbers are 16 bits wide in the WebAssembly core. */
export const MAX_ROUTES = 32767;
export const NO_ROUTE = -1;

/** The routes of a path that ends here, by method. */
export interface RouteLeaf {
  /** Mask of the methods the path knows: HEAD if GET is, OPTIONS always. */
  allowed: number;
  ownsPath: boolean;
  /**
   * Route number by METHOD_ number, NO_ROUTE for none. HEAD has that of GET unless it has one of its own. If
   * the leaf owns its paths, ROUTE_METHOD_NOT_ALLOWED stands for none, and the search ends here.
   */
  readonly routes: Int32Array;
}

export interface RouteNode {
  /** The static text that leads here from the parent, empty at the root and after a parameter. */
  label: Uint8Array;
  /** Children by static text. No two labels begin with the same byte. */
  children: RouteNode[];
  /** The node after a parameter that begins here, and the leaf of a wildcard that begins here. */
  parameter: RouteNode | undefined;
  wildcard: RouteLeaf | undefined;
  /** The leaf of a path that ends here. */
  leaf: RouteLeaf | undefined;
}

export interface RouteTree {
  readonly root: RouteNode;
  /** Every method some path knows, and OPTIONS: the answer to "OPTIONS *". */
  readonly allowed: number;
}

/** @throws Error that names the pattern and what is wrong with it */
export function buildRouteTree(routes: readonly RoutePattern[]): RouteTree {
  if (routes.length > MAX_ROUTES) throw new Error(`more than ${MAX_ROUTES} routes`);
  const root = makeNode(new Uint8Array(0));
  let allowed = 1 << METHOD_OPTIONS;
  for (const [number, route] of routes.entries()) {
    try {
      const leaf = insertPattern(root, route.path);
      registerMethod(leaf, route.method, number);
      leaf.ownsPath ||= route.ownsPath === true;
      allowed |= leaf.allowed;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`route ${route.method} ${route.path}: ${reason}`, { cause: error });
    }
  }
  completeLeaves(root);
  return { root, allowed };
}

function makeNode(label: Uint8Array): RouteNode {
  return { label, children: [], parameter: undefined, wildcard: undefined, leaf: undefined };
}

function makeLeaf(): RouteLeaf {
  return {
    allowed: 1 << METHOD_OPTIONS,
    ownsPath: false,
    routes: new Int32Array(METHOD_OTHER + 1).fill(NO_ROUTE),
  };
}

function registerMethod(leaf: RouteLeaf, name: string, number: number): void {
  const method = methodNumber(name);
  if (method === METHOD_OTHER) throw new Error('the method is not one of those that can be routed');
  if (leaf.routes[method] !== NO_ROUTE) throw new Error('another route has the same method and path');
  leaf.routes[method] = number;
  leaf.allowed |= 1 << method;
  if (method === METHOD_GET) leaf.allowed |= 1 << METHOD_HEAD;
}

/** Done last, so that a HEAD route of its own wins in whatever order the two were registered. */
function completeLeaves(node: RouteNode): void {
  for (const leaf of [node.leaf, node.wildcard]) if (leaf !== undefined) completeLeaf(leaf);
  for (const child of node.children) completeLeaves(child);
  if (node.parameter !== undefined) completeLeaves(node.parameter);
}

function completeLeaf({ routes, ownsPath }: RouteLeaf): void {
  if (routes[METHOD_HEAD] === NO_ROUTE) routes[METHOD_HEAD] = routes[METHOD_GET] as number;
  if (!ownsPath) return;
  for (const [method, route] of routes.entries()) {
    if (route === NO_ROUTE) routes[method] = ROUTE_METHOD_NOT_ALLOWED;
  }
}

/** @returns the leaf of the pattern. It is made if it does not exist yet */
function insertPattern(root: RouteNode, path: string): RouteLeaf {
  let node = root;
  let text = '';
  for (const segment of parseRoutePath(path).segments) {
    text += '/';
    if (segment.kind === 'static') {
      text += segment.text;
      continue;
    }
    node = insertText(node, text);
    text = '';
    if (segment.kind === 'wildcard') {
      node.wildcard ??= makeLeaf();
      return node.wildcard;
    }
    node.parameter ??= makeNode(new Uint8Array(0));
    node = node.parameter;
  }
  node = insertText(node, text);
  node.leaf ??= makeLeaf();
  return node.leaf;
}

/** Walks down static text from `node`, splitting and adding edges. */
function insertText(node: RouteNode, text: string): RouteNode {
  let at = node;
  let rest: Uint8Array = Buffer.from(text, 'latin1');
  while (rest.length > 0) {
    const child = at.children.find(({ label }) => label[0] === rest[0]);
    if (child === undefined) {
      const added = makeNode(Uint8Array.from(rest));
      at.children.push(added);
      return added;
    }
    const common = commonLength(child.label, rest);
    if (common < child.label.length) splitEdge(child, common);
    at = child;
    rest = rest.subarray(common);
  }
  return at;
}

function commonLength(one: Uint8Array, other: Uint8Array): number {
  let length = 0;
  while (length < one.length && length < other.length && one[length] === other[length]) length++;
  return length;
}

/** Keeps the first `length` bytes of the node's label and moves everything behind them one level down. */
function splitEdge(node: RouteNode, length: number): void {
  const lower: RouteNode = { ...node, label: node.label.slice(length) };
  node.label = node.label.slice(0, length);
  node.children = [lower];
  node.parameter = undefined;
  node.wildcard = undefined;
  node.leaf = undefined;
}
