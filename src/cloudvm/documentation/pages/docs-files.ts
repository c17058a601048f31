/**
 * The scripts and styles of `/docs`: two files of the package swagger-ui-dist, and what starts them. Each has
 * the digest of its content in its name, so a browser may keep it for ever. They are read when the first
 * client asks, and kept compressed.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { HttpProblem, prefersGzip, type Request, type Response } from '../../../runtime/application.ts';

/** The names are those of the package. build/bundle.ts copies both files. */
const BUNDLE = new URL('../../../../node_modules/swagger-ui-dist/swagger-ui-bundle.js', import.meta.url);
const STYLES = new URL('../../../../node_modules/swagger-ui-dist/swagger-ui.css', import.meta.url);

const START = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  validatorUrl: null,
});
`;

const DIGEST_CHARACTERS = 16;
const ONE_YEAR = 'public, max-age=31536000, immutable';

const gzipAsync = promisify(gzip);

interface DocsFile {
  /** The last part of its path. */
  readonly name: string;
  readonly contentType: string;
  readonly compressed: Buffer;
  readonly read: () => Promise<Buffer>;
}

export interface DocsFiles {
  readonly bundle: DocsFile;
  readonly styles: DocsFile;
  readonly start: DocsFile;
}

let opening: Promise<DocsFiles> | undefined;

/** @throws Error if a file of the package cannot be read. The next call tries again */
export async function docsFiles(): Promise<DocsFiles> {
  opening ??= openFiles();
  try {
    return await opening;
  } catch (error) {
    opening = undefined;
    throw error;
  }
}

/** @throws HttpProblem 404 for another name, also for one with the digest of another version */
export async function getDocsFile(request: Request<'file'>, response: Response): Promise<void> {
  const name = request.parameter('file');
  const encoding = request.header('accept-encoding');
  const file = Object.values(await docsFiles()).find((one: DocsFile) => one.name === name);
  if (file === undefined) throw new HttpProblem(404, 'There is no such part of the documentation.');
  response.header('Cache-Control', ONE_YEAR).vary('Accept-Encoding');
  if (prefersGzip(encoding)) {
    response.header('Content-Encoding', 'gzip').bytes(file.compressed, file.contentType);
  } else {
    response.bytes(await file.read(), file.contentType);
  }
}

async function openFiles(): Promise<DocsFiles> {
  const [bundle, styles, start] = await Promise.all([
    openFile('swagger-ui-bundle', 'js', () => readFile(BUNDLE)),
    openFile('swagger-ui', 'css', () => readFile(STYLES)),
    openFile('start', 'js', async () => Buffer.from(START)),
  ]);
  return { bundle, styles, start };
}

async function openFile(
  stem: string,
  extension: 'js' | 'css',
  read: () => Promise<Buffer>,
): Promise<DocsFile> {
  const content = await read();
  const digest = createHash('sha256').update(content).digest('hex').slice(0, DIGEST_CHARACTERS);
  return {
    name: `${stem}.${digest}.${extension}`,
    contentType: extension === 'js' ? 'text/javascript; charset=utf-8' : 'text/css; charset=utf-8',
    compressed: await gzipAsync(content),
    read,
  };
}
