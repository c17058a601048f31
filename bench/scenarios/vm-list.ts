/**
 * GET /api/vms, twenty VMs a page. The pages of ten users come in random order, each but the first behind its
 * cursor.
 */

import { encodeCursor } from '../../src/cloudvm/vms/repository/vm-cursor.ts';
import type { SeededUser } from '../laboratory/cloudvm/dataset.ts';
import type { LoadRequest } from '../laboratory/load/request.ts';
import { OF_API } from './chosen-arms.ts';
import { authorized, firstUser } from './requests-of-users.ts';
import type { Scenario } from './scenario.ts';

const PAGE_SIZE = 20;

export const VM_LIST: Scenario = {
  name: 'vm-list',
  about: `GET /api/vms, pages of ${PAGE_SIZE} in random order`,
  application: 'cloudvm',
  arms: OF_API,
  connections: 64,
  requests: ({ users }) => users.flatMap(pagesOf),
  alsoCompared: ({ users }) => {
    const headers = authorized(firstUser(users));
    const queries = [
      ...['', '?sort=name&limit=7', '?provider=aws&status=running&sort=createdAt', '?region=nowhere'],
      ...['?limit=0', '?limit=101', '?limit=many', '?sort=size', '?unknown=1', '?cursor=', '?cursor=x'],
      ...['?status=lost', '?region=a%20b'],
    ];
    const requests = queries.map((query) => get(query, headers));
    return [...requests, get('', {})];
  },
};

function pagesOf(user: SeededUser): LoadRequest[] {
  const lastOfPages = user.vms.filter((_, index) => (index + 1) % PAGE_SIZE === 0).slice(0, -1);
  const cursors = lastOfPages.map((vm) => `&cursor=${encodeCursor('-createdAt', vm)}`);
  return ['', ...cursors].map((cursor) => get(`?limit=${PAGE_SIZE}${cursor}`, authorized(user)));
}

function get(query: string, headers: Readonly<Record<string, string>>): LoadRequest {
  return { method: 'GET', path: `/api/vms${query}`, headers };
}
