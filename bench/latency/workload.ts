/** The requests whose stages are timed: a user with 100 VMs, made through the API itself. */
import { randomInt } from 'node:crypto';
import type { PacedRequest } from './paced-load.ts';

export const SCENARIOS = ['plain', 'connect', 'jwt', 'vm-read', 'vm-list', 'vm-create'] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

export const ABOUT: Readonly<Record<ScenarioName, string>> = {
  plain: 'GET /health?plain: no token, no database, and a query, so that main leaves it to a worker',
  connect: 'the same on a new connection each time',
  jwt: 'GET /api/auth/me: a token, and its user from the database',
  'vm-read': 'GET /api/vms/:id: a token and one VM from the database',
  'vm-list': 'GET /api/vms: a page of 20 VMs, with their number',
  'vm-create':
    'POST /api/vms without an Idempotency-Key: two writes to the database before the answer, two after it',
};

const VMS = 100;
const JSON_TYPE = { 'Content-Type': 'application/json' };

/** Makes the requests of each scenario, in random order. */
export type Workload = Readonly<Record<ScenarioName, () => PacedRequest>>;

export async function prepareWorkload(url: string): Promise<Workload> {
  const account = { email: 'latency@example.com', username: 'latency', password: 'correct horse battery' };
  const { token } = await post<{ token: string }>(url, '/api/auth/register', account, {});
  const headers = { Authorization: `Bearer ${token}` };
  const ids: string[] = [];
  for (let index = 0; index < VMS; index++) {
    ids.push((await post<{ id: string }>(url, '/api/vms', vm(index), headers)).id);
  }
  const get = (path: string) => ({ method: 'GET', path, headers, expected: 200 }) as const;
  const plain = () => ({ method: 'GET', path: '/health?plain', headers: {}, expected: 200 }) as const;
  return {
    plain,
    connect: () => ({ ...plain(), closes: true }),
    jwt: () => get('/api/auth/me'),
    'vm-read': () => get(`/api/vms/${ids[randomInt(ids.length)]}`),
    'vm-list': () => get('/api/vms'),
    'vm-create': () => ({
      method: 'POST',
      path: '/api/vms',
      headers: { ...headers, ...JSON_TYPE },
      body: JSON.stringify(vm(randomInt(1_000_000))),
      expected: 201,
    }),
  };
}

function vm(index: number): object {
  return { name: `vm-${index}`, provider: 'local', region: 'here', size: 'small' };
}

async function post<Answer>(
  url: string,
  path: string,
  body: object,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { ...JSON_TYPE, ...headers },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`POST ${path} was answered with ${response.status}`);
  return (await response.json()) as Answer;
}
