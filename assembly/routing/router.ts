// biome-ignore-all lint/correctness/noPrecisionLoss: AssemblyScript has 64-bit integers
/**
 * Matches the path of a parsed head against the radix tree: static text before a parameter before a wildcard,
 * with backtracking. route-tree.ts builds the tree, wasm-core.ts writes it into the region. Every way to a
 * node passes the same number of segments, so a path visits no node twice.
 *
 * The time goes into loads that wait for one another, so the step from node to node needs few of them. A
 * table that is indexed by the first byte holds the child and the length of its label (tree.ts, layout.ts).
 * All addresses are absolute, and 0 stands for none.
 */

import { classesOf, DOT, hexValue, PERCENT, SLASH, UNRESERVED } from '../bytes/characters';
import { encodedPath } from '../head/target';
import * as r from '../record';
import { base, Word } from '../state';
import * as node from './tree';

let root: usize = 0;
let allowedAnywhere: i32 = 0;
/** Holds the normal form of a path, then the frames of the open choices. */
let scratch: usize = 0;
let frames: usize = 0;

/** The results of the walk down the tree. */
let allowed: i32 = 0;
let method: i32 = 0;
let count: i32 = 0;

export function setRoutes(tree: usize, everywhere: i32, scratchAddress: usize, frameAddress: usize): void {
  root = tree;
  allowedAnywhere = everywhere;
  scratch = scratchAddress;
  frames = frameAddress;
}

/** Sets ROUTE, ALLOWED and the parameters of the head in the record. */
export function matchRoute(): void {
  const form = Word.get(r.TARGET_FORM);
  Word.set(r.PARAMETER_COUNT, 0);
  if (form === r.FORM_AUTHORITY) answer(r.ROUTE_NOT_FOUND, 0);
  else if (form === r.FORM_ASTERISK) answer(r.ROUTE_METHOD_NOT_ALLOWED, allowedAnywhere);
  else matchPath();
}

function matchPath(): void {
  const path = base + Word.get(r.PATH_START);
  const length = Word.get(r.PATH_LENGTH);
  if (length === 0) {
    store<u8>(scratch, SLASH);
    run(scratch, scratch + 1, scratch);
  } else if (encodedPath) {
    run(scratch, normalizePath(path, path + length), scratch);
    if (count > 0) placeInRawPath(path);
  } else {
    run(path, path + length, base);
  }
}

function answer(route: i32, mask: i32): void {
  Word.set(r.ROUTE, route);
  Word.set(r.ALLOWED, mask);
}

/** Parameters are noted as offsets from `origin`. */
function run(path: usize, stop: usize, origin: usize): void {
  allowed = 0;
  count = 0;
  method = Word.get(r.METHOD);
  const leaf = root ? walk(path, stop, origin) : 0;
  if (leaf) {
    answer(node.Leaf.route(leaf, method), node.Leaf.allowed(leaf) | allowed);
    Word.set(r.PARAMETER_COUNT, count);
  } else {
    answer(allowed ? r.ROUTE_METHOD_NOT_ALLOWED : r.ROUTE_NOT_FOUND, allowed);
  }
}

/** @returns the leaf that knows the path and the method, or that owns the path, or 0 */
function walk(path: usize, stop: usize, origin: usize): usize {
  let at = path;
  let here = root;
  let passed = 0;
  let open = frames;
  let stage = node.STATIC;
  while (true) {
    if (stage === node.STATIC) {
      if (at === stop) {
        const leaf = node.Node.leaf(here);
        if (leaf && accept(leaf)) {
          count = passed;
          return leaf;
        }
        stage = node.WILDCARD;
      } else {
        const entry = node.Node.entry(here, load<u8>(at));
        const child = entry ? node.Child.address(entry) : 0;
        const length = entry ? node.Child.labelLength(entry) : 0;
        if (child && at + length <= stop && sameText(node.Node.label(child), at, length)) {
          if (node.Node.hasChoice(here)) {
            node.Frame.save(open, here, at, passed, node.PARAMETER);
            open += node.FRAME_BYTES;
          }
          here = child;
          at += length;
          continue;
        }
        stage = node.PARAMETER;
      }
    }
    if (stage === node.PARAMETER) {
      const next = node.Node.parameter(here);
      if (next) {
        const segmentEnd = skipSegment(at, stop);
        if (segmentEnd > at && !isDotSegment(at, segmentEnd)) {
          if (node.Node.wildcard(here)) {
            node.Frame.save(open, here, at, passed, node.WILDCARD);
            open += node.FRAME_BYTES;
          }
          noteParameter(passed, at, segmentEnd, origin);
          passed++;
          here = next;
          at = segmentEnd;
          stage = node.STATIC;
          continue;
        }
      }
    }
    const wildcard = node.Node.wildcard(here);
    if (wildcard && !hasDotSegment(at, stop) && accept(wildcard)) {
      noteParameter(passed, at, stop, origin);
      count = passed + 1;
      return wildcard;
    }
    if (open === frames) return 0;
    open -= node.FRAME_BYTES;
    here = node.Frame.node(open);
    at = node.Frame.position(open);
    passed = node.Frame.parameters(open);
    stage = node.Frame.stage(open);
  }
}

function accept(leaf: usize): bool {
  if (node.Leaf.route(leaf, method) !== node.NO_ROUTE) return true;
  allowed |= node.Leaf.allowed(leaf);
  return false;
}

/**
 * Compares eight bytes at a time. The last word is shifted so that only bytes of the label count. A path is
 * followed by the rest of its request line, at least eleven bytes, so the last word never reaches behind the
 * request.
 */
function sameText(label: usize, at: usize, length: usize): bool {
  let offset: usize = 0;
  let rest = length;
  while (rest > 8) {
    if (load<u64>(label + offset) !== load<u64>(at + offset)) return false;
    offset += 8;
    rest -= 8;
  }
  return (load<u64>(label + offset) ^ load<u64>(at + offset)) << ((8 - rest) << 3) === 0;
}

const SLASHES: u64 = 0x2f2f2f2f2f2f2f2f;
const ONES: u64 = 0x0101010101010101;
const TOP_BITS: u64 = 0x8080808080808080;

const DOTS: u64 = 0x2e2e2e2e2e2e2e2e;

/** The first "/" in [from, stop), or `stop`. */
function skipSegment(from: usize, stop: usize): usize {
  return find(SLASHES, from, stop);
}

/** The first place in [from, stop) of the byte that `eight` holds eight times, or `stop`. */
function find(eight: u64, from: usize, stop: usize): usize {
  let at = from;
  while (at < stop) {
    const word = load<u64>(at) ^ eight;
    // The lowest bit that remains marks the lowest byte of `word` that is zero.
    const zeros = (word - ONES) & ~word & TOP_BITS;
    if (zeros) return min(at + (<usize>ctz(zeros) >> 3), stop);
    at += 8;
  }
  return stop;
}

/** "." and ".." refer to other paths, so they are never the value of a parameter. */
function isDotSegment(start: usize, stop: usize): bool {
  if (load<u8>(start) !== DOT || stop - start > 2) return false;
  return stop - start === 1 || load<u8>(start + 1) === DOT;
}

function hasDotSegment(from: usize, stop: usize): bool {
  let dot = find(DOTS, from, stop);
  while (dot < stop) {
    const isFirst = dot === from || load<u8>(dot - 1) === SLASH;
    if (isFirst && isDotSegment(dot, skipSegment(dot, stop))) return true;
    dot = find(DOTS, dot + 1, stop);
  }
  return false;
}

function noteParameter(index: i32, start: usize, stop: usize, origin: usize): void {
  const pair = r.PARAMETERS + 2 * index;
  Word.set(pair, <i32>(start - origin));
  Word.set(pair + 1, <i32>(stop - start));
}

/**
 * Writes the normal form of a path (RFC 3986, section 6.2.2) to `scratch`: unreserved characters plain,
 * digits of encodings in upper case. @returns its end
 */
function normalizePath(path: usize, stop: usize): usize {
  let to = scratch;
  for (let at = path; at < stop; at++) {
    const byte = load<u8>(at);
    if (byte !== PERCENT) {
      store<u8>(to++, byte);
      continue;
    }
    const high = load<u8>(at + 1);
    const low = load<u8>(at + 2);
    const value = <u8>((hexValue(high) << 4) | hexValue(low));
    if (classesOf(value) & UNRESERVED) {
      store<u8>(to++, value);
    } else {
      store<u8>(to, PERCENT);
      store<u8>(to + 1, upperCase(high));
      store<u8>(to + 2, upperCase(low));
      to += 3;
    }
    at += 2;
  }
  return to;
}

function upperCase(byte: u8): u8 {
  return byte >= 0x61 && byte <= 0x66 ? byte - 0x20 : byte;
}

/** Parameters were found in the normal form of the path. This finds them in the path as it was sent. */
function placeInRawPath(path: usize): void {
  let raw = path;
  let normal = scratch;
  for (let index = 0; index < count; index++) {
    const pair = r.PARAMETERS + 2 * index;
    const start = scratch + Word.get(pair);
    const stop = start + Word.get(pair + 1);
    for (; normal < start; normal++) raw += load<u8>(raw) !== PERCENT || load<u8>(normal) === PERCENT ? 1 : 3;
    const rawStart = raw;
    for (; normal < stop; normal++) raw += load<u8>(raw) !== PERCENT || load<u8>(normal) === PERCENT ? 1 : 3;
    Word.setPosition(pair, rawStart);
    Word.set(pair + 1, <i32>(raw - rawStart));
  }
}
