/** The server with the test application, for the client tests. The caller closes it with `await using`. */

import type { Server, ServerOptions } from '../../../src/runtime/server/server.ts';
import { ECHO_APPLICATION, startServer } from '../../runtime/server/support/start.ts';

export function startEchoServer(options: Partial<ServerOptions> = {}): Promise<Server> {
  return startServer({ app: ECHO_APPLICATION, ...options });
}
