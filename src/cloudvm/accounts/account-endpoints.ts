/** What the routes of accounts take and answer. */
import { endpoint } from '../contract/endpoint.ts';
import { login as loginBody, registration, SessionSchema, UserSchema } from './account-schema.ts';

export const register = endpoint({
  group: 'Accounts',
  summary: 'Register',
  body: registration,
  success: {
    status: 201,
    description: 'The account, and a token.',
    schema: SessionSchema,
    headers: { Location: 'The path of the account.' },
  },
  problems: ['unprocessable-content', 'unsupported-media-type', 'already-taken'],
});

export const login = endpoint({
  group: 'Accounts',
  summary: 'Log in',
  body: loginBody,
  success: { status: 200, description: 'The account, and a token.', schema: SessionSchema },
  problems: [
    'unprocessable-content',
    'unsupported-media-type',
    'wrong-credentials',
    'too-many-failed-logins',
  ],
});

export const getAccount = endpoint({
  group: 'Accounts',
  summary: 'Read your account',
  success: { status: 200, description: 'The account.', schema: UserSchema },
  problems: [],
});
