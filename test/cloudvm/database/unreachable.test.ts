/** The messages to operators when the database cannot be reached: its address and the cause. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { MongoServerError } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { DatabaseService } from '../../../src/cloudvm/database/database-service.ts';
import { translateDriverError } from '../../../src/cloudvm/database/driver-errors.ts';
import { startEmbeddedDatabase } from '../../support/databases.ts';

const PASSWORD = 'hunter2-secret';

/**
 * The driver asks a server again and again until this time has passed. An answer takes a few milliseconds.
 */
const PATIENCE_MS = 50;
/** On a busy machine the driver gets twice the time again and again, up to this. */
const LONGEST_PATIENCE_MS = 6_400;
const NO_ANSWER = 'no answer in time';

interface Listener extends AsyncDisposable {
  readonly address: string;
}

async function listen(onConnection: (socket: Socket) => void): Promise<Listener> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function closedPort(): Promise<string> {
  await using server = await listen(() => {});
  return server.address;
}

/** @returns the error with the answers of the servers, as soon as all of them have answered */
async function failureOf(uri: string, patienceMs = PATIENCE_MS): Promise<unknown> {
  const error = await failureWithin(patienceMs, uri);
  if (!String(error).includes(NO_ANSWER) || patienceMs >= LONGEST_PATIENCE_MS) return error;
  return failureOf(uri, 2 * patienceMs);
}

async function failureWithin(serverSelectionTimeoutMs: number, uri: string): Promise<unknown> {
  const options = { databaseName: 'cloudvm_test', workers: 1, uri, serverSelectionTimeoutMs };
  try {
    await using _service = await DatabaseService.open(options);
  } catch (error) {
    expect(inspect(error, { depth: 20 })).not.toContain(PASSWORD);
    return error;
  }
  throw new Error('the database was reached');
}

const unreachable = (message: string) => ({ code: 'DATABASE_UNREACHABLE', message });

describe.concurrent('a database that cannot be reached is reported with its host and the cause', () => {
  test('when nobody listens on its port', async () => {
    const address = await closedPort();
    expect(await failureOf(`mongodb://ada:${PASSWORD}@${address}`)).toMatchObject(
      unreachable(`the database at ${address} cannot be reached: connection refused (ECONNREFUSED)`),
    );
  });

  test('when nobody knows its host name', async () => {
    const message = expect.stringMatching(
      // Without a network the name server may not answer at all.
      /^the database at no-such-host\.invalid cannot be reached: (unknown host name|the name server)/,
    );
    expect(await failureOf(`mongodb://ada:${PASSWORD}@no-such-host.invalid`)).toMatchObject({
      message,
    });
    expect(await failureOf(`mongodb+srv://ada:${PASSWORD}@no-such-host.invalid`)).toMatchObject({
      code: 'DATABASE_UNREACHABLE',
      message: expect.stringMatching(/^the database at no-such-host\.invalid cannot be reached: /),
    });
  });

  test('when its server never answers', async () => {
    await using server = await listen((socket) => socket.resume());
    const { address } = server;
    expect(await failureWithin(PATIENCE_MS, `mongodb://${address}`)).toMatchObject(
      unreachable(`the database at ${address} cannot be reached: ${NO_ANSWER}`),
    );
  });

  test('when its server closes every connection', async () => {
    await using server = await listen((socket) => socket.end());
    expect(await failureOf(`mongodb://${server.address}`)).toMatchObject({
      message: expect.stringMatching(/ cannot be reached: the connection was (closed|reset)/),
    });
  });

  test('when its server does not speak TLS', async () => {
    await using server = await listen((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await failureOf(`mongodb://${server.address}/?tls=true`)).toMatchObject({
      message: expect.stringMatching(/ cannot be reached: TLS failed \(ERR_SSL_\w+\)$/),
    });
  });

  test('when its socket does not exist', async () => {
    expect(await failureOf('mongodb://%2Fno%2Fsuch.sock')).toMatchObject(
      unreachable('the database at /no/such.sock cannot be reached: there is no such socket (ENOENT)'),
    );
  });

  test('when it refuses to authenticate', async () => {
    await using database = await startEmbeddedDatabase();
    const uri = database.uri.replace('//', `//ada:${PASSWORD}@`);
    expect(await failureOf(uri)).toMatchObject({
      code: 'DATABASE_UNREACHABLE',
      message: expect.stringMatching(/ cannot be reached: authentication refused \(CommandNotSupported\)$/),
    });
  });

  test('when it is not the replica set that the connection string names', async () => {
    await using database = await startEmbeddedDatabase();
    expect(await failureOf(`${database.uri.split('?')[0]}?replicaSet=other`)).toMatchObject({
      message: expect.stringMatching(/: no server can take the operation \(ReplicaSetNoPrimary\)$/),
    });
  });

  test('when each of its hosts has a cause of its own', async () => {
    await using server = await listen((socket) => socket.end());
    const [closed, closing] = [await closedPort(), server.address];
    const message = String(await failureOf(`mongodb://${closed},${closing}/?replicaSet=rs`));
    expect(message).toContain(`the database at ${closed},${closing} cannot be reached: `);
    expect(message).toContain(`${closed}: connection refused (ECONNREFUSED)`);
    expect(message).toMatch(new RegExp(`${RegExp.escape(closing)}: the connection was (closed|reset)`));
  });
});

test('a server that refuses the user is reported without the name of the user', () => {
  const options = { message: 'no user "ada"', code: 18, codeName: 'AuthenticationFailed' };
  const error = translateDriverError(new MongoServerError(options), 'db.example');
  expect(error).toMatchObject(
    unreachable(
      'the database at db.example cannot be reached: authentication refused (AuthenticationFailed)',
    ),
  );
});
