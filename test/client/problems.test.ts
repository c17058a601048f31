/** Refusals and broken answers become errors that a program can tell apart. */
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { CloudVmError, CloudVmProblem } from '../../src/client/index.ts';
import { answerJson, answerProblem, ID, ScriptedServer, VM } from './support/scripted-server.ts';

async function errorOf(call: Promise<unknown>): Promise<CloudVmError> {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof CloudVmError) return error;
  throw new Error(`expected a CloudVmError, and got ${String(error)}`);
}

const ONCE = { retry: { attempts: 1 } };

test('problem details are read field by field', async () => {
  await using server = await ScriptedServer.start((response) =>
    answerJson(
      response,
      422,
      {
        type: '/problems/unprocessable-content',
        title: 'Unprocessable Content',
        status: 422,
        detail: 'See errors.',
        errors: [{ path: '/name', message: 'is required' }, { path: 7 }, null],
      },
      { 'Content-Type': 'application/problem+json', 'X-Request-Id': 'r-1', 'Retry-After': '3' },
    ),
  );
  await using client = server.client();
  const error = await errorOf(client.vms.update(ID, { name: '' }));
  expect(error).toBeInstanceOf(CloudVmProblem);
  expect(error).toMatchObject({
    name: 'CloudVmProblem',
    code: 'ERR_CLOUDVM_PROBLEM',
    problem: 'unprocessable-content',
    operationId: 'updateVm',
    status: 422,
    title: 'Unprocessable Content',
    detail: 'See errors.',
    errors: [{ path: '/name', message: 'is required' }],
    retryAfterMs: 3000,
    requestId: 'r-1',
    message: 'updateVm was refused with 422 Unprocessable Content: See errors. (/name is required)',
  });
  expect(error instanceof CloudVmProblem && error.is('unprocessable-content')).toBe(true);
});

test('the type of a problem may be an absolute URL', async () => {
  await using server = await ScriptedServer.start((response) =>
    answerJson(response, 404, { type: 'https://example.com/problems/not-found' }),
  );
  await using client = server.client();
  expect(await errorOf(client.vms.get(ID))).toMatchObject({ problem: 'not-found', title: 'HTTP 404' });
});

test.each([
  ['the page of a proxy', '<html>Bad Gateway</html>'],
  ['half a problem', '{"type":"/problems/vm-'],
  ['a list', '[1]'],
  ['null', 'null'],
  ['fields of other types', '{"type":7,"title":[],"detail":{},"errors":"x","status":"200"}'],
  ['nothing', ''],
])('a refusal with %s is a problem that is unknown', async (_title, body) => {
  await using server = await ScriptedServer.start((response) => {
    response.writeHead(502, { 'Content-Type': 'application/problem+json', 'Retry-After': 'soon' });
    response.end(body);
  });
  await using client = server.client(ONCE);
  expect(await errorOf(client.vms.get(ID))).toMatchObject({
    problem: 'unknown',
    status: 502,
    title: 'HTTP 502',
    detail: undefined,
    errors: [],
    retryAfterMs: undefined,
  });
});

test('texts of a problem are bounded', async () => {
  await using server = await ScriptedServer.start((response) =>
    answerJson(response, 400, {
      detail: 'x'.repeat(1_000_000),
      errors: Array(10_000).fill({ path: '/a', message: 'b' }),
    }),
  );
  await using client = server.client();
  const error = await errorOf(client.vms.get(ID));
  expect(error.message.length).toBeLessThan(3_000);
  expect(error).toMatchObject({ errors: { length: 100 } });
});

test('an answer that never ends is cut off at its bound', async () => {
  await using server = await ScriptedServer.start((response, { gone }) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const piece = Buffer.alloc(65_536, ' ');
    const more = (): void => {
      while (!gone.aborted && response.write(piece));
      response.once('drain', more);
    };
    more();
  });
  await using client = server.client({ ...ONCE, maxAnswerBytes: 1_000_000 });
  expect(await errorOf(client.vms.get(ID))).toMatchObject({
    code: 'ERR_CLOUDVM_BAD_ANSWER',
    message: 'The answer to getVm is larger than 1000000 bytes',
  });
  await expect.poll(() => server.requests[0]?.gone.aborted).toBe(true);
});

test.each([
  ['broken JSON', 'application/json', '{"token":"hunter2'],
  ['no object', 'application/json; charset=utf-8', '"hunter2"'],
  ['another type', 'text/html', '{"token":"hunter2"}'],
  ['a coding that nobody asked for', 'application/json', gzipSync('{"token":"hunter2"}')],
])('a success with %s is an error that does not repeat it', async (_title, type, body) => {
  await using server = await ScriptedServer.start((response) => {
    response.writeHead(200, { 'Content-Type': type });
    response.end(body);
  });
  await using client = server.client();
  const error = await errorOf(client.login({ email: 'ada@example.com', password: 'hunter2' }));
  expect(error.code).toBe('ERR_CLOUDVM_BAD_ANSWER');
  expect(`${error.stack}`).not.toContain('hunter2');
  expect(server.requests).toHaveLength(1);
});

test('a success without the content that it must have', async () => {
  await using server = await ScriptedServer.start((response) => response.writeHead(204).end());
  await using client = server.client();
  expect(await errorOf(client.vms.get(ID))).toMatchObject({ code: 'ERR_CLOUDVM_BAD_ANSWER' });
});

test('a redirection is not followed, so the token goes nowhere else', async () => {
  await using server = await ScriptedServer.start((response) =>
    response.writeHead(307, { Location: 'http://127.0.0.1:1/' }).end(),
  );
  await using client = server.client({ token: 'secret' });
  expect(await errorOf(client.vms.get(ID))).toMatchObject({ status: 307, problem: 'unknown' });
  expect(server.requests).toHaveLength(1);
});

test('a VM that has not changed is undefined', async () => {
  await using server = await ScriptedServer.start((response) => response.writeHead(304).end());
  await using client = server.client();
  expect(await client.vms.getIfChanged(VM)).toBeUndefined();
});

test('a change that names no operation is an error', async () => {
  await using server = await ScriptedServer.start((response) => answerJson(response, 202, VM));
  await using client = server.client();
  expect(await errorOf(client.vms.start(ID))).toMatchObject({ code: 'ERR_CLOUDVM_BAD_ANSWER' });
});

test('neither the client nor its errors show the token or a password', async () => {
  const { inspect } = await import('node:util');
  await using server = await ScriptedServer.start((response, _request, number) => {
    if (number === 0) answerProblem(response, 401, 'wrong-credentials');
    else response.destroy();
  });
  await using client = server.client({ ...ONCE, token: 'hunter1' });
  const refused = await errorOf(client.login({ email: 'ada@example.com', password: 'hunter2' }));
  const broken = await errorOf(client.login({ email: 'ada@example.com', password: 'hunter2' }));
  for (const shown of [client, refused, broken]) {
    expect(inspect(shown, { depth: 9, showHidden: true })).not.toMatch(/hunter/);
  }
  expect(JSON.stringify(client)).not.toMatch(/hunter/);
});
