/** The routes of accounts. */
import type { Route } from '../route.ts';

export const ACCOUNT_ROUTES: readonly Route[] = [
  { method: 'post', path: '/api/auth/register', access: 'all', handler: ({ accounts }) => accounts.register },
  { method: 'post', path: '/api/auth/login', access: 'all', handler: ({ accounts }) => accounts.login },
  { method: 'get', path: '/api/auth/me', access: 'user', handler: ({ accounts }) => accounts.me },
];
