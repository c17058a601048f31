/** A table of 100 routes as a REST API has them, and paths to look up in it (`npm run bench -- match`). */
import type { RoutePattern } from '../src/runtime/core/core.ts';

const RESOURCES = [
  ...[
    'accounts',
    'addresses',
    'alerts',
    'backups',
    'balancers',
    'buckets',
    'certificates',
    'clusters',
    'disks',
  ],
  ...['domains', 'events', 'firewalls', 'images', 'invoices', 'keys', 'networks', 'projects', 'snapshots'],
  ...['users', 'vms'],
];

/** Five routes for each of twenty resources. */
export const ROUTE_TABLE: readonly RoutePattern[] = RESOURCES.flatMap((resource) => [
  { method: 'GET', path: `/api/v1/${resource}` },
  { method: 'POST', path: `/api/v1/${resource}` },
  { method: 'GET', path: `/api/v1/${resource}/:id` },
  { method: 'GET', path: `/api/v1/${resource}/:id/tags/:tag` },
  { method: 'GET', path: `/api/v1/${resource}/:id/files/*file` },
]);

export interface LookUp {
  readonly path: string;
  /** The pattern that it finds, or undefined if there is none. */
  readonly pattern: string | undefined;
  readonly parameters: readonly string[];
}

const ID = '65f0c0ffee65f0c0ffee65f0';

function forEachResource(
  makePath: (resource: string) => string,
  pattern: (resource: string) => string | undefined,
  parameters: readonly string[],
): LookUp[] {
  return RESOURCES.map((resource) => ({ path: makePath(resource), pattern: pattern(resource), parameters }));
}

const base = (resource: string): string => `/api/v1/${resource}`;

/** Twenty look-ups of each kind. */
export const LOOK_UPS: ReadonlyMap<string, readonly LookUp[]> = new Map([
  ['a static path', forEachResource(base, base, [])],
  [
    'one parameter',
    forEachResource(
      (name) => `${base(name)}/${ID}`,
      (name) => `${base(name)}/:id`,
      [ID],
    ),
  ],
  [
    'two parameters',
    forEachResource(
      (name) => `${base(name)}/${ID}/tags/web`,
      (name) => `${base(name)}/:id/tags/:tag`,
      [ID, 'web'],
    ),
  ],
  [
    'a wildcard',
    forEachResource(
      (name) => `${base(name)}/${ID}/files/a/b.txt`,
      (name) => `${base(name)}/:id/files/*file`,
      [ID, 'a/b.txt'],
    ),
  ],
  [
    'no such path',
    forEachResource(
      (name) => `${base(name)}/${ID}/nothing`,
      () => undefined,
      [],
    ),
  ],
]);
