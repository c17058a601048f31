/** The OpenAPI document: it is valid, complete, and its examples are true. */
import { execFile } from 'node:child_process';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { openApiDocument } from '../../../src/cloudvm/documentation/openapi/document.ts';
import { DOCS_FILE_PATH } from '../../../src/cloudvm/documentation/service-routes.ts';
import { Router } from '../../../src/runtime/http/routing/router.ts';
import { assertDocumented, documentValidator } from '../front-door/support/documented-answers.ts';
import { InProcess } from '../front-door/support/in-process.ts';
import { registerWithoutApi } from './support/routes.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const LINTER = join(ROOT, 'node_modules/@redocly/cli/bin/cli.js');
const RULES = join(import.meta.dirname, 'redocly.yaml');

const run = promisify(execFile);

/** `get /api/vms/{id}` and so on. */
function documentedOperations(): string[] {
  return Object.entries(openApiDocument()['paths'] as object).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method} ${path}`),
  );
}

function servedOperations(): string[] {
  const router = new Router();
  registerWithoutApi(router);
  return router
    .compile(() => {})
    .routes.filter(({ path }) => path !== DOCS_FILE_PATH)
    .map(({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, '{$1}')}`);
}

/** Every schema of the document that has examples, with its JSON pointer. */
function* schemasWithExamples(value: unknown, pointer = ''): Generator<[string, readonly unknown[]]> {
  if (typeof value !== 'object' || value === null) return;
  if ('examples' in value && Array.isArray(value.examples)) yield [pointer, value.examples];
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'examples') continue;
    yield* schemasWithExamples(
      inner,
      `${pointer}/${encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))}`,
    );
  }
}

describe('the OpenAPI document', () => {
  test('passes the linter without a finding', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'cloudvm-openapi-'));
    const file = join(folder.path, 'openapi.json');
    await writeFile(file, JSON.stringify(openApiDocument()));
    const linted = run(process.execPath, [LINTER, 'lint', '--format=json', `--config=${RULES}`, file], {
      env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    });
    const { stdout } = await linted.catch((error: { stdout: string }) => error);
    expect(JSON.parse(stdout)).toMatchObject({ problems: [], totals: { errors: 0, warnings: 0 } });
  });

  test('has every route that is served, and no other', () => {
    expect(documentedOperations().sort()).toEqual(servedOperations().sort());
  });

  test('has examples that match their schemas', () => {
    const validator = documentValidator();
    const found = [...schemasWithExamples(openApiDocument())];
    expect(found.length).toBeGreaterThan(10);
    for (const [pointer, examples] of found) {
      const validate = validator.compile({ $ref: `openapi.json#${pointer}` });
      for (const example of examples)
        expect([pointer, validate(example), validate.errors]).toEqual([pointer, true, null]);
    }
  });

  test('has an example of each refusal that matches its schema', () => {
    const validator = documentValidator();
    const { responses } = openApiDocument()['components'] as {
      responses: Record<
        string,
        { content: { 'application/problem+json': { examples: Record<string, { value: unknown }> } } }
      >;
    };
    for (const [name, { content }] of Object.entries(responses)) {
      const validate = validator.compile({
        $ref: `openapi.json#/components/responses/${name}/content/application~1problem+json/schema`,
      });
      for (const { value } of Object.values(content['application/problem+json'].examples)) {
        expect([name, validate(value), validate.errors]).toEqual([name, true, null]);
      }
    }
  });

  test('is served, and a client that has it already gets 304', async () => {
    const http = new InProcess(registerWithoutApi, assertDocumented);
    const first = await http.ask('GET', '/openapi.json');
    expect(first).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
    expect(first.json).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
    const { etag = '' } = first.headers;
    const second = await http.ask('GET', '/openapi.json', { headers: { 'If-None-Match': etag } });
    expect(second).toMatchObject({ status: 304, text: '', headers: { etag } });
  });
});
