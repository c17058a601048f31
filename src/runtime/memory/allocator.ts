/**
 * Buddy allocator for the inbound buffers of connections (Knuth, The Art of Computer Programming, volume 1,
 * section 2.5). The main thread alone allocates and frees, so there is no lock and no shared state. Workers
 * only read buffers whose address they are given.
 *
 * Sizes are powers of two. If a class has no free block, a larger one is split. Freed blocks are joined with
 * their buddies, so that memory that served many small requests serves a large one later.
 */

/** Smallest buffer: holds the head of a plain request. */
export const SMALLEST_BUFFER_BYTES = 2_048;

/**
 * Free smallest buffers kept aside unjoined. They come and go with every request, and would otherwise be
 * split off a large block and joined with it again each time.
 */
const KEPT_ASIDE = 256;

const NONE = -1;

export class BuddyAllocator {
  readonly #start: number;
  readonly #largestClass: number;
  /** Head of the free list of each class, in units of the smallest buffer. */
  readonly #heads: Int32Array;
  /** Links of the free lists, for the first unit of each free block. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  /** For the first unit of each free block its class + 1, else 0. */
  readonly #freeClass: Uint8Array;
  readonly #aside: number[] = [];
  #allocatedBytes = 0;

  /**
   * Manages `bytes` bytes (rounded down to whole smallest buffers) from `start`.
   * @throws RangeError when there is no room for a single buffer
   */
  constructor(start: number, bytes: number) {
    const units = Math.floor(bytes / SMALLEST_BUFFER_BYTES);
    if (units < 1) throw new RangeError(`at least ${SMALLEST_BUFFER_BYTES} bytes are needed, got ${bytes}`);
    this.#start = start;
    this.#largestClass = Math.floor(Math.log2(units));
    this.#heads = new Int32Array(this.#largestClass + 1).fill(NONE);
    this.#next = new Int32Array(units);
    this.#previous = new Int32Array(units);
    this.#freeClass = new Uint8Array(units);
    let unit = 0;
    for (let sizeClass = this.#largestClass; sizeClass >= 0; sizeClass--) {
      const blockUnits = 2 ** sizeClass;
      for (; units - unit >= blockUnits; unit += blockUnits) this.#insert(unit, sizeClass);
    }
  }

  /** Bytes handed out at present. */
  get allocatedBytes(): number {
    return this.#allocatedBytes;
  }

  /** The size of the buffer that holds `bytes` bytes. */
  static sizeFor(bytes: number): number {
    if (bytes <= SMALLEST_BUFFER_BYTES) return SMALLEST_BUFFER_BYTES;
    return 2 ** (32 - Math.clz32(bytes - 1));
  }

  /**
   * @param size a value of `sizeFor`
   * @returns the address of a buffer of that many bytes, or -1 when there is none
   */
  allocate(size: number): number {
    let unit = size === SMALLEST_BUFFER_BYTES ? (this.#aside.pop() ?? NONE) : NONE;
    if (unit === NONE) unit = this.#split(classOf(size));
    if (unit === NONE && this.#aside.length > 0) {
      this.#joinAside();
      unit = this.#split(classOf(size));
    }
    if (unit === NONE) return -1;
    this.#allocatedBytes += size;
    return this.#start + unit * SMALLEST_BUFFER_BYTES;
  }

  /** Takes back a buffer that `allocate(size)` handed out. */
  free(address: number, size: number): void {
    const unit = (address - this.#start) / SMALLEST_BUFFER_BYTES;
    this.#allocatedBytes -= size;
    if (size === SMALLEST_BUFFER_BYTES && this.#aside.length < KEPT_ASIDE) this.#aside.push(unit);
    else this.#join(unit, classOf(size));
  }

  /** Takes the first block of the class, or of the next larger one that has any, split down to size. */
  #split(wanted: number): number {
    let sizeClass = wanted;
    while (sizeClass <= this.#largestClass && this.#heads[sizeClass] === NONE) sizeClass++;
    const unit = this.#heads[sizeClass];
    if (unit === undefined) return NONE;
    this.#remove(unit, sizeClass);
    while (sizeClass > wanted) {
      sizeClass--;
      this.#insert(unit + 2 ** sizeClass, sizeClass);
    }
    return unit;
  }

  #join(freed: number, freedClass: number): void {
    let unit = freed;
    let sizeClass = freedClass;
    while (sizeClass < this.#largestClass) {
      const buddy = unit ^ (1 << sizeClass);
      if (this.#freeClass[buddy] !== sizeClass + 1) break;
      this.#remove(buddy, sizeClass);
      unit = Math.min(unit, buddy);
      sizeClass++;
    }
    this.#insert(unit, sizeClass);
  }

  #joinAside(): void {
    for (const unit of this.#aside.splice(0)) this.#join(unit, 0);
  }

  #insert(unit: number, sizeClass: number): void {
    const head = this.#heads[sizeClass] ?? NONE;
    this.#next[unit] = head;
    this.#previous[unit] = NONE;
    if (head !== NONE) this.#previous[head] = unit;
    this.#heads[sizeClass] = unit;
    this.#freeClass[unit] = sizeClass + 1;
  }

  #remove(unit: number, sizeClass: number): void {
    const next = this.#next[unit] ?? NONE;
    const previous = this.#previous[unit] ?? NONE;
    if (previous === NONE) this.#heads[sizeClass] = next;
    else this.#next[previous] = next;
    if (next !== NONE) this.#previous[next] = previous;
    this.#freeClass[unit] = 0;
  }
}

function classOf(size: number): number {
  return 31 - Math.clz32(size / SMALLEST_BUFFER_BYTES);
}
