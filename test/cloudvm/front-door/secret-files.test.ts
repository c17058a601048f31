/** Secrets that the server reads from files, as containers get them. */
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempDisposable, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startEmbeddedDatabase } from '../../support/databases.ts';
import { PASSWORD } from './support/cloudvm.ts';
import { CloudVmProcess } from './support/cloudvm-process.ts';

test('the secret and the database of a server may be named by files, which it reads once', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'cloudvm-test-'));
  await using database = await startEmbeddedDatabase();
  const secret = randomBytes(40).toString('base64');
  const [secretFile, uriFile] = ['secret', 'uri'].map((name) => join(directory.path, name)) as [
    string,
    string,
  ];
  await writeFile(secretFile, `${secret}\n`);
  await writeFile(uriFile, `${database.uri}\n`);
  const settings = { JWT_SECRET_FILE: secretFile, MONGODB_URI_FILE: uriFile, MONGODB_DB: 'from_file' };
  await using server = await CloudVmProcess.start(directory.path, settings);
  await Promise.all([rm(secretFile), rm(uriFile)]);
  const body = { email: 'ada@example.com', username: 'ada', password: PASSWORD };
  const answer = await server.ask('POST', '/api/auth/register', { body });
  expect(answer.status).toBe(201);
  const [head, claims, signature] = String(answer.json['token']).split('.');
  expect(signature).toBe(createHmac('sha256', secret).update(`${head}.${claims}`).digest('base64url'));
});
