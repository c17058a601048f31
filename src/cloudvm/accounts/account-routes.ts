/** The routes of accounts. */
import type { Route } from '../route.ts';
import { AccountController } from './account-controller.ts';
import type { AccountServices } from './account-services.ts';

export function accountRoutes(services: () => AccountServices): readonly Route[] {
  const accounts = new AccountController(services);
  return [
    { method: 'post', path: '/api/auth/register', access: 'all', handler: accounts.register },
    { method: 'post', path: '/api/auth/login', access: 'all', handler: accounts.login },
    { method: 'get', path: '/api/auth/me', access: 'user', handler: accounts.me },
  ];
}
