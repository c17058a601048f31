/** Both ends of an outbound ring with their rules checked: the worker writes, main reads. */

import { invariant } from '../../../platform/invariant.ts';
import type { SharedMemory } from '../layout.ts';
import { RECORD_BOUNDARY, TURN_ABORT, type TurnEnding } from '../protocol.ts';
import { type OutboundRing, viewRing } from '../workers/outbound-ring.ts';
import { OutboundRingReader } from '../workers/outbound-ring-reader.ts';
import { OutboundRingWriter, type TurnProgress } from '../workers/outbound-ring-writer.ts';

export class CheckedOutboundRingWriter extends OutboundRingWriter {
  override open(payload: number): boolean {
    invariant(!this.isOpen, 'A worker has one open record at most.');
    invariant(payload >= 0 && payload <= this.largestPayload, 'A record holds the largest payload at most.');
    return super.open(payload);
  }

  override advance(bytes: number): void {
    invariant(this.isOpen && bytes >= 0 && bytes <= this.room, 'A worker writes within the open record.');
    super.advance(bytes);
  }

  override commit(turn: TurnProgress): void {
    invariant(this.isOpen, 'Only an open record can be committed.');
    super.commit(turn);
  }

  override publishPart(turn: TurnProgress, isBoundary: boolean): void {
    invariant(this.isOpen, 'Only an open record can be published.');
    super.publishPart(turn, isBoundary);
  }

  override endTurn(turn: TurnProgress, ending: TurnEnding, missing: number): void {
    invariant(this.isOpen, 'Only an open record can be published.');
    super.endTurn(turn, ending, missing);
  }
}

export class CheckedOutboundRingReader extends OutboundRingReader {
  readonly #ring: OutboundRing;

  constructor(shared: Pick<SharedMemory, 'words' | 'layout'>, slot: number) {
    super(shared, slot);
    this.#ring = viewRing(shared, slot);
  }

  override next(): boolean {
    if (!super.next()) return false;
    invariant((this.flags & ~RECORD_BOUNDARY) <= TURN_ABORT, 'A record ends its turn in a known way.');
    invariant(this.payloadLength >= 0 && this.unread >= 0, 'A record lies within what was published.');
    return true;
  }

  override release(): void {
    const { words, head, bytes } = this.#ring;
    const published = (Atomics.load(words, this.#ring.tail) - Atomics.load(words, head)) | 0;
    invariant(published >= 0 && published <= bytes, 'No more is published than the ring holds.');
    super.release();
  }
}
