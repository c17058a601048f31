/** The plain application (work.ts) on Bun.serve. It runs on Bun alone. */
import {
  BIG,
  BYTES_TYPE,
  burn,
  FIELD,
  HEALTH_TEXT,
  JSON_TYPE,
  millisecondsOf,
  subjectReader,
} from './work.ts';

/** What is used of Bun, whose types are no dependency of this project. */
interface BunServer {
  readonly port: number;
  stop(closeActiveConnections: boolean): Promise<void>;
}
type BunRequest = Request & { readonly params: Readonly<Record<string, string>> };
type BunRoute = (request: BunRequest) => Response | Promise<Response>;
declare const Bun: {
  serve(options: {
    readonly hostname: string;
    readonly port: number;
    readonly routes: Readonly<Record<string, BunRoute>>;
  }): BunServer;
};

const subjectOf = subjectReader();

const JSON_HEADERS = { headers: { 'Content-Type': JSON_TYPE } };
const BYTES_HEADERS = { headers: { 'Content-Type': BYTES_TYPE } };
const json = (value: unknown): Response => new Response(JSON.stringify(value), JSON_HEADERS);

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  routes: {
    '/health': () => new Response(HEALTH_TEXT, JSON_HEADERS),
    '/constant': () => new Response(HEALTH_TEXT, JSON_HEADERS),
    '/params/:a/:b': ({ params }) => json({ a: params['a'], b: params['b'] }),
    '/field': ({ headers }) => json({ field: headers.get(FIELD) }),
    '/echo': async (request) => new Response(await request.arrayBuffer(), BYTES_HEADERS),
    '/big': () => new Response(BIG, BYTES_HEADERS),
    '/me': ({ headers }) => json({ sub: subjectOf(headers.get('authorization') ?? undefined) }),
    '/cpu': ({ url }) => {
      const ms = millisecondsOf(url.split('?')[1]);
      burn(ms);
      return json({ ms });
    },
  },
});
process.stdout.write(`listening on http://127.0.0.1:${server.port}\n`);
process.once('SIGTERM', () => {
  void server.stop(true).then(() => process.exit(0));
});
