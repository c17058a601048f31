/** Headless Chromium shows the documentation, with scripts, styles and data of the server alone. */

import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { DOCUMENTED_ROUTES } from '../../src/cloudvm/documentation/openapi/document.ts';
import { CloudVmProcess } from '../cloudvm/front-door/support/cloudvm-process.ts';
import { needTool, runTool } from './support/tool.ts';

/** Chromium finds no other host, and says so on its console. */
const THIS_HOST_ONLY = '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1';

let resources: AsyncDisposableStack;
let server: CloudVmProcess;

beforeAll(async () => {
  await using opened = new AsyncDisposableStack();
  const data = opened.use(await mkdtempDisposable(join(tmpdir(), 'cloudvm-documentation-')));
  server = opened.use(await CloudVmProcess.start(data.path));
  resources = opened.move();
});

afterAll(() => resources.disposeAsync());

interface Shown {
  /** The page after its scripts have run. */
  readonly page: string;
  /** What the browser has said on its console: errors, refused scripts and styles, failed requests. */
  readonly messages: readonly string[];
}

async function show(context: TestContext, url: string): Promise<Shown> {
  const chromium = needTool(context, 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable');
  await using profile = await mkdtempDisposable(join(tmpdir(), 'cloudvm-chromium-'));
  const { stdout, stderr, code } = await runTool(chromium, [
    ...['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile.path}`],
    ...['--enable-logging=stderr', THIS_HOST_ONLY, '--virtual-time-budget=20000', '--dump-dom', url],
  ]);
  expect(code).toBe(0);
  return { page: stdout, messages: stderr.split('\n').filter((line) => line.includes('CONSOLE')) };
}

/** The id that Swagger UI gives to the element of an operation. */
function elementsOfOperations({ page }: Shown): string[] {
  return [...page.matchAll(/id="operations-(?!tag-)\w+-(\w+)"/g)].map(([, operationId = '']) => operationId);
}

describe('headless Chromium', () => {
  it('would report an error', async (context) => {
    const page = '<script>console.error("planted")</script>';
    const { messages } = await show(context, `data:text/html,${encodeURIComponent(page)}`);
    expect(messages.join('\n')).toContain('planted');
  });

  it('shows every operation on /docs, and reports nothing', async (context) => {
    const shown = await show(context, `${server.url}/docs`);
    expect(elementsOfOperations(shown).sort()).toEqual(
      DOCUMENTED_ROUTES.map(({ operationId }) => operationId).sort(),
    );
    expect(shown.messages).toEqual([]);
  });

  it('shows one operation with its parameters, bodies and answers, and reports nothing', async (context) => {
    const { page, messages } = await show(context, `${server.url}/docs#/VMs/createVm`);
    expect(page).toContain('Idempotency-Key');
    expect(page).toContain('eu-central-1');
    expect(page).toContain('Idempotency Key Reused');
    expect(messages).toEqual([]);
  });

  it('shows the pages without scripts, and reports nothing', async (context) => {
    for (const path of ['/', '/problems/vm-pending']) {
      const { page, messages } = await show(context, server.url + path);
      expect(page).toContain('<h1>');
      expect([path, messages]).toEqual([path, []]);
    }
  });
});
