/** A client of the API with an address of its own in 127.0.0.0/8, as Linux has them all on its loopback. */
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { PASSWORD } from './cloudvm.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export function clientAt(port: number, localAddress: string) {
  const agent = new Agent({ keepAlive: true, localAddress, maxSockets: 128 });
  const ask = (
    method: string,
    path: string,
    content: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const sent = request({
        port,
        host: '127.0.0.1',
        agent,
        method,
        path,
        headers: {
          ...(content !== '' && {
            'Content-Type': 'application/json',
            'Content-Length': Buffer.byteLength(content),
          }),
          ...headers,
        },
      });
      sent.once('response', async (response) => {
        const { statusCode = 0 } = response;
        let body = '';
        for await (const piece of response.setEncoding('utf8')) body += piece;
        resolve({ status: statusCode, headers: response.headers, body });
      });
      sent.once('error', reject);
      sent.end(content);
    });
  const post = (path: string, body: unknown, headers?: Readonly<Record<string, string>>) =>
    ask('POST', path, JSON.stringify(body), headers);
  return {
    ask,
    post,
    register: (name: string, headers?: Readonly<Record<string, string>>) =>
      post(
        '/api/auth/register',
        { email: `${name}@example.com`, username: name, password: PASSWORD },
        headers,
      ),
    login: (name: string, password: string, headers?: Readonly<Record<string, string>>) =>
      post('/api/auth/login', { email: `${name}@example.com`, password }, headers),
    [Symbol.dispose]: () => agent.destroy(),
  };
}
