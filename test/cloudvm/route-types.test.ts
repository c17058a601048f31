/** The types of the routes that features declare. `npm run check` enforces what must not compile. */
import { expect, test } from 'vitest';
import { route } from '../../src/cloudvm/route.ts';

test('a declared route must have the parameters that its handler reads', () => {
  const declared = route({
    method: 'get',
    path: '/api/vms/:id',
    access: 'user',
    handler: ({ vms }) => vms.read,
  });
  expect(declared.path).toBe('/api/vms/:id');
  // @ts-expect-error The handler reads "id".
  route({ method: 'get', path: '/api/vms/:name', access: 'user', handler: ({ vms }) => vms.read });
  // @ts-expect-error It does so whatever the path is.
  route({ method: 'get', path: '/api/vms', access: 'user', handler: ({ vms }) => vms.read });
});
