/** What the routes of accounts take and answer. */
import { endpoint, REPLAYED } from '../contract/endpoint.ts';
import {
  accountDeletion,
  login as loginBody,
  passwordChange,
  registration,
  SessionSchema,
  UserSchema,
  userChanges,
} from './account-schema.ts';

export const register = endpoint({
  group: 'Accounts',
  summary: 'Register',
  description:
    'Sent again with the same `Idempotency-Key`, e-mail address and username, it makes no second account. The password must be that of the account then.',
  body: registration,
  fields: ['Idempotency-Key'],
  success: {
    status: 201,
    description: 'The account, and a token.',
    schema: SessionSchema,
    headers: { Location: 'The path of the account.', ...REPLAYED },
  },
  problems: [
    'unprocessable-content',
    'unsupported-media-type',
    'already-taken',
    'too-many-registrations',
    'too-many-failed-logins',
    'idempotency-key-reused',
  ],
});

export const login = endpoint({
  group: 'Accounts',
  summary: 'Log in',
  description: 'It changes nothing, so it can be sent again, and each time gives a token.',
  body: loginBody,
  fields: ['Idempotency-Key'],
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

export const updateAccount = endpoint({
  group: 'Accounts',
  summary: 'Change your e-mail address or username',
  body: userChanges,
  success: { status: 200, description: 'The account as it is now.', schema: UserSchema },
  problems: ['unprocessable-content', 'unsupported-media-type', 'already-taken'],
});

export const deleteAccount = endpoint({
  group: 'Accounts',
  summary: 'Delete your account',
  description:
    'Your tokens are refused from now on, and the e-mail address and the username are free. Your VMs and snapshots are deleted in the background, also at their providers. What an operation is changing now is deleted as soon as that has ended.',
  body: accountDeletion,
  success: { status: 204, description: 'The account is gone.' },
  problems: ['unprocessable-content', 'unsupported-media-type', 'wrong-password', 'too-many-failed-logins'],
});

export const changePassword = endpoint({
  group: 'Accounts',
  summary: 'Change your password',
  description:
    'Every token that was issued before is refused from now on, and streams of events that were opened with one end. This may take some seconds if the server has several processes. With an `Idempotency-Key` the request can be sent again, with the token that it has withdrawn.',
  body: passwordChange,
  fields: ['Idempotency-Key'],
  success: {
    status: 200,
    description: 'The account, and a new token.',
    schema: SessionSchema,
    headers: REPLAYED,
  },
  problems: [
    'unprocessable-content',
    'unsupported-media-type',
    'wrong-password',
    'too-many-failed-logins',
    'idempotency-key-reused',
  ],
});

export const renewToken = endpoint({
  group: 'Accounts',
  summary: 'Get a token that expires later',
  description:
    'The token of the request stays valid until it expires. After that a login is needed. So a program that renews its token in time needs the password only once.',
  fields: ['Idempotency-Key'],
  success: { status: 200, description: 'The account, and a new token.', schema: SessionSchema },
  problems: [],
});
