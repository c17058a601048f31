/**
 * The process of the open-loop generator. It lives as long as a run of the laboratory, so its code is
 * compiled before the first measurement that counts.
 */
import { OpenLoop } from './generator.ts';
import type { OpenLoopOptions, OpenLoopReply } from './protocol.ts';

process.on('message', (options: OpenLoopOptions) => {
  void answer(options).then((reply) => process.send?.(reply));
});

async function answer(options: OpenLoopOptions): Promise<OpenLoopReply> {
  try {
    return { result: await new OpenLoop(options).run() };
  } catch (error) {
    return { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
