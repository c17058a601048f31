/** Finds the upload that a worker speaks of, and begins it with the first word. Main thread. */

import type { UploadAnswer, UploadMessage } from '../../worker/messages.ts';
import type { Deadlines } from '../sockets/deadlines.ts';
import type { Connection } from './connection.ts';
import type { Registry } from './registry.ts';
import { Upload } from './upload.ts';

export interface UploadsOptions {
  readonly registry: Pick<Registry, 'byNumber'>;
  readonly deadlines: Deadlines;
  /** Sends to the worker that runs the connection. */
  readonly send: (connection: Connection, answer: UploadAnswer) => void;
}

export class Uploads {
  readonly #options: UploadsOptions;

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  onMessage(message: UploadMessage): void {
    const connection = this.#options.registry.byNumber(message.connection);
    // It has ended meanwhile, by its client or in place of its worker. The worker was told, or is gone.
    if (connection?.generation !== message.generation) return;
    if (!connection.isOpen || !connection.isHandedOut) return;
    if (message.type === 'body-wanted') {
      connection.upload ??= this.#begin(connection);
      connection.upload.wanted(message.seen);
    } else if (connection.upload !== null) {
      const { upload } = connection;
      connection.upload = null;
      upload.ended(message.surplus);
    }
  }

  #begin(connection: Connection): Upload {
    const { deadlines, send } = this.#options;
    return new Upload({ connection, deadlines, send: (answer) => send(connection, answer) });
  }
}
