/** nginx as a reverse proxy in front of a server, as operators run it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Undefined if it is not installed. Debian's package puts it beside the commands of the administrator. */
export const NGINX = ['nginx', '/usr/sbin/nginx'].find((path) => spawnSync(path, ['-v']).status === 0);

const ATTEMPTS = 5;

export class Nginx implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #directory: string;

  /** @param target URL of the server */
  static async start(target: string): Promise<Nginx> {
    const directory = await mkdtemp(join(tmpdir(), 'nginx-'));
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      await writeFile(join(directory, 'nginx.conf'), configuration(directory, port, target));
      const child = spawn(String(NGINX), ['-p', directory, '-c', 'nginx.conf', '-e', 'stderr'], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const lines: string[] = [];
      for await (const line of createInterface(child.stderr)) {
        if (line.includes('start worker process ')) {
          child.stderr.resume();
          return new Nginx(child, directory, port);
        }
        lines.push(line);
      }
      // Somebody else may have taken the port since.
      if (attempt === ATTEMPTS) throw new Error(`nginx does not start:\n${lines.join('\n')}`);
    }
  }

  private constructor(child: ChildProcess, directory: string, port: number) {
    this.#child = child;
    this.#directory = directory;
    this.port = port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exited;
    await rm(this.#directory, { recursive: true, force: true });
  }
}

function configuration(directory: string, port: number, target: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${directory}/${kind};`)
    .join('\n');
  return `
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    daemon off;
    worker_processes 1;
    pid ${directory}/pid;
    error_log stderr notice;
    events { worker_connections 512; }
    http {
      access_log off;
      ${temporary}
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass ${target};
          proxy_http_version 1.1;
          proxy_set_header Connection "";
          proxy_set_header Host $host;
          proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
          proxy_set_header X-Forwarded-Proto $scheme;
        }
      }
    }`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
