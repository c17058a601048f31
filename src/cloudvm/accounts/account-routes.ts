/** The routes of accounts. */
import { type Route, route } from '../route.ts';

export const ACCOUNT_ROUTES: readonly Route[] = [
  route({
    method: 'post',
    path: '/api/auth/register',
    access: 'all',
    handler: ({ accounts }) => accounts.register,
  }),
  route({
    method: 'post',
    path: '/api/auth/login',
    access: 'all',
    handler: ({ accounts }) => accounts.login,
  }),
  route({ method: 'get', path: '/api/auth/me', access: 'user', handler: ({ accounts }) => accounts.me }),
];
