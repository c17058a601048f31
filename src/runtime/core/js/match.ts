/**
 * Walks the route tree along the path of a parsed head: static text before a parameter before a wildcard,
 * with backtracking. Every way to a node passes the same number of segments, so a path visits no node twice.
 */

import * as r from '../../../../assembly/record.ts';
import { PERCENT } from '../characters.ts';
import { normalizePath } from '../routing/normal-path.ts';
import { MAX_SEGMENTS } from '../routing/route-pattern.ts';
import {
  buildRouteTree,
  NO_ROUTE,
  type RouteLeaf,
  type RouteNode,
  type RouteTree,
} from '../routing/route-tree.ts';
import type { ParseState } from './state.ts';

const SLASH = 0x2f;
const DOT = 0x2e;
const ROOT_PATH = Uint8Array.of(SLASH);

/** A node of the tree with its children in a table by the first byte of their labels. */
interface MatchNode {
  readonly label: Uint8Array;
  readonly children: readonly (MatchNode | undefined)[];
  readonly parameter: MatchNode | undefined;
  readonly wildcard: RouteLeaf | undefined;
  readonly leaf: RouteLeaf | undefined;
}

function toMatchNode(node: RouteNode): MatchNode {
  const children = new Array<MatchNode | undefined>(256).fill(undefined);
  for (const child of node.children) children[child.label[0] as number] = toMatchNode(child);
  const parameter = node.parameter === undefined ? undefined : toMatchNode(node.parameter);
  return { label: node.label, children, parameter, wildcard: node.wildcard, leaf: node.leaf };
}

export class RouteMatcher {
  readonly #state: ParseState;
  readonly #normal: Uint8Array;
  #root = toMatchNode(buildRouteTree([]).root);
  /** Methods that some path knows. */
  #everywhere = 1 << r.METHOD_OPTIONS;
  #bytes: Uint8Array;
  #end = 0;
  #method = 0;
  #allowed = 0;
  /** Start and end of each parameter so far. */
  readonly #places = new Int32Array(2 * (MAX_SEGMENTS + 1));

  constructor(state: ParseState) {
    this.#state = state;
    this.#bytes = state.bytes;
    this.#normal = new Uint8Array(state.limits.maxTargetBytes + 2);
  }

  load(tree: RouteTree): void {
    this.#root = toMatchNode(tree.root);
    this.#everywhere = tree.allowed;
  }

  /** Sets ROUTE, ALLOWED and the parameters of the head in the record. */
  match(): void {
    const { record } = this.#state;
    const form = record[r.TARGET_FORM];
    record[r.PARAMETER_COUNT] = 0;
    if (form === r.FORM_AUTHORITY) this.#answer(r.ROUTE_NOT_FOUND, 0);
    else if (form === r.FORM_ASTERISK) this.#answer(r.ROUTE_METHOD_NOT_ALLOWED, this.#everywhere);
    else this.#matchPath();
  }

  #matchPath(): void {
    const { record, bytes, base, encodedPath } = this.#state;
    const start = base + (record[r.PATH_START] as number);
    const length = record[r.PATH_LENGTH] as number;
    if (length === 0) {
      this.#run(ROOT_PATH, 0, 1);
    } else if (encodedPath) {
      this.#run(this.#normal, 0, normalizePath(bytes, start, start + length, this.#normal));
      this.#placesInRawPath(start);
    } else {
      this.#run(bytes, start, start + length);
      this.#noteParameters();
    }
  }

  #answer(route: number, allowed: number): void {
    this.#state.record[r.ROUTE] = route;
    this.#state.record[r.ALLOWED] = allowed;
  }

  #run(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#end = end;
    this.#method = this.#state.record[r.METHOD] as number;
    this.#allowed = 0;
    const leaf = this.#walk(this.#root, start, 0);
    if (leaf !== undefined) this.#answer(leaf.routes[this.#method] as number, leaf.allowed | this.#allowed);
    else this.#answer(this.#allowed === 0 ? r.ROUTE_NOT_FOUND : r.ROUTE_METHOD_NOT_ALLOWED, this.#allowed);
  }

  /** The label of `node` ends at `position`. `count` parameters were passed on the way. */
  #walk(node: MatchNode, position: number, count: number): RouteLeaf | undefined {
    const bytes = this.#bytes;
    const end = this.#end;
    if (position === end) {
      const leaf = node.leaf;
      if (leaf !== undefined && this.#accept(leaf, count)) return leaf;
    } else {
      const child = node.children[bytes[position] as number];
      if (child !== undefined && this.#hasLabel(child.label, position)) {
        const found = this.#walk(child, position + child.label.length, count);
        if (found !== undefined) return found;
      }
      if (node.parameter !== undefined) {
        let stop = position;
        while (stop < end && bytes[stop] !== SLASH) stop++;
        if (stop > position && !this.#isDotSegment(position, stop)) {
          this.#places[2 * count] = position;
          this.#places[2 * count + 1] = stop;
          const found = this.#walk(node.parameter, stop, count + 1);
          if (found !== undefined) return found;
        }
      }
    }
    const wildcard = node.wildcard;
    if (wildcard === undefined || this.#hasDotSegment(position)) return undefined;
    if (!this.#accept(wildcard, count + 1)) return undefined;
    this.#places[2 * count] = position;
    this.#places[2 * count + 1] = end;
    return wildcard;
  }

  /** The first byte of the label is known to be there. */
  #hasLabel(label: Uint8Array, position: number): boolean {
    const bytes = this.#bytes;
    if (label.length > this.#end - position) return false;
    for (let i = 1; i < label.length; i++) if (label[i] !== bytes[position + i]) return false;
    return true;
  }

  #accept(leaf: RouteLeaf, count: number): boolean {
    if (leaf.routes[this.#method] !== NO_ROUTE) {
      this.#state.record[r.PARAMETER_COUNT] = count;
      return true;
    }
    this.#allowed |= leaf.allowed;
    return false;
  }

  /** "." and ".." refer to other paths, so they are never the value of a parameter. */
  #isDotSegment(start: number, stop: number): boolean {
    const bytes = this.#bytes;
    const length = stop - start;
    return bytes[start] === DOT && (length === 1 || (length === 2 && bytes[start + 1] === DOT));
  }

  #hasDotSegment(from: number): boolean {
    let start = from;
    while (start < this.#end) {
      let stop = start;
      while (stop < this.#end && this.#bytes[stop] !== SLASH) stop++;
      if (this.#isDotSegment(start, stop)) return true;
      start = stop + 1;
    }
    return false;
  }

  #noteParameters(): void {
    const { record, base } = this.#state;
    const count = record[r.PARAMETER_COUNT] as number;
    for (let i = 0; i < 2 * count; i += 2) {
      const start = this.#places[i] as number;
      record[r.PARAMETERS + i] = start - base;
      record[r.PARAMETERS + i + 1] = (this.#places[i + 1] as number) - start;
    }
  }

  /** Parameters were found in the normal form of the path. This finds them in the path as it was sent. */
  #placesInRawPath(path: number): void {
    const { record, bytes } = this.#state;
    const places = this.#places;
    const boundaries = 2 * (record[r.PARAMETER_COUNT] as number);
    let raw = path;
    let normal = 0;
    for (let i = 0; i < boundaries; i++) {
      const place = places[i] as number;
      while (normal < place) {
        const plain = bytes[raw] !== PERCENT || this.#normal[normal] === PERCENT;
        raw += plain ? 1 : 3;
        normal++;
      }
      places[i] = raw;
    }
    this.#noteParameters();
  }
}
