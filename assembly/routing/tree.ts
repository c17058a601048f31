// biome-ignore-all lint/complexity/noStaticOnlyClass: AssemblyScript inlines static methods that are marked
/**
 * How nodes, leaves and open choices of the route tree lie in memory, as 32-bit words. wasm-core.ts writes
 * nodes and leaves by the offsets given here. router.ts reads them.
 */

import {
  CHILD_ADDRESS,
  CHILD_BYTES,
  CHILD_LABEL_LENGTH,
  LEAF_ALLOWED,
  LEAF_ROUTES,
  NODE_BYTES,
  NODE_LEAF,
  NODE_LOW,
  NODE_PARAMETER,
  NODE_SPAN,
  NODE_WILDCARD,
} from '../layout';

export class Node {
  /** The entry for children whose labels begin with this byte, or 0. */
  @inline static entry(at: usize, first: u8): usize {
    const index = <u32>first - load<u32>(at + NODE_LOW);
    return index < load<u32>(at + NODE_SPAN) ? at + NODE_BYTES + <usize>index * CHILD_BYTES : 0;
  }

  @inline static label(at: usize): usize {
    return at + NODE_BYTES + <usize>load<u32>(at + NODE_SPAN) * CHILD_BYTES;
  }

  @inline static leaf(at: usize): usize {
    return load<u32>(at + NODE_LEAF);
  }

  @inline static parameter(at: usize): usize {
    return load<u32>(at + NODE_PARAMETER);
  }

  @inline static wildcard(at: usize): usize {
    return load<u32>(at + NODE_WILDCARD);
  }

  /** Whether a parameter or a wildcard can begin here. One load reads the two neighbouring words. */
  @inline static hasChoice(at: usize): bool {
    return load<u64>(at + NODE_PARAMETER) !== 0;
  }
}

/** An entry also holds the length of the label, so that the walk can go on before the child is loaded. */
export class Child {
  @inline static address(entry: usize): usize {
    return load<u32>(entry + CHILD_ADDRESS);
  }

  @inline static labelLength(entry: usize): usize {
    return load<u32>(entry + CHILD_LABEL_LENGTH);
  }
}

export class Leaf {
  @inline static allowed(at: usize): i32 {
    return load<i32>(at + LEAF_ALLOWED);
  }

  /**
   * The route's number. NO_ROUTE if it has none, or ROUTE_METHOD_NOT_ALLOWED if no other leaf gets the path
   * either (route-tree.ts).
   */
  @inline static route(at: usize, method: i32): i32 {
    return load<i16>(at + LEAF_ROUTES + ((<usize>method) << 1));
  }
}

export const NO_ROUTE: i32 = -1;

// What to try next at a node.
export const STATIC: i32 = 0;
export const PARAMETER: i32 = 1;
export const WILDCARD: i32 = 2;

export const FRAME_BYTES: usize = 16;

/** An open choice: where to go on if the first attempt leads nowhere. */
export class Frame {
  @inline static save(at: usize, node: usize, position: usize, parameters: i32, stage: i32): void {
    store<u32>(at, <u32>node);
    store<u32>(at, <u32>position, 4);
    store<i32>(at, parameters, 8);
    store<i32>(at, stage, 12);
  }

  @inline static node(at: usize): usize {
    return load<u32>(at);
  }

  @inline static position(at: usize): usize {
    return load<u32>(at, 4);
  }

  @inline static parameters(at: usize): i32 {
    return load<i32>(at, 8);
  }

  @inline static stage(at: usize): i32 {
    return load<i32>(at, 12);
  }
}
