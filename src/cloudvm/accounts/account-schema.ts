/**
 * The shapes of registering, logging in and users, as the contract states them. Used by the account
 * controller.
 */
import Type, { type Static } from 'typebox';
import { IdSchema, TimeSchema } from '../contract/common-schema.ts';
import { Validator } from '../validation/validator.ts';

/** RFC 5321, section 4.5.3.1.3: a path has 256 octets, two of which are its brackets. */
const EmailSchema = Type.String({
  format: 'email',
  maxLength: 254,
  description: 'Unique without regard to case.',
  examples: ['ada@example.com'],
});
const UsernameSchema = Type.String({
  minLength: 3,
  maxLength: 32,
  pattern: '^[A-Za-z0-9_-]+$',
  description: 'Unique without regard to case.',
  examples: ['ada'],
});
const PasswordSchema = Type.String({
  minLength: 8,
  maxLength: 128,
  examples: ['correct horse battery'],
});

export const UserSchema = Type.Object(
  { id: IdSchema, email: EmailSchema, username: UsernameSchema },
  {
    additionalProperties: false,
    description: 'An account.',
    examples: [{ id: '66a1f0c2e4b0a1b2c3d4e5f5', email: 'ada@example.com', username: 'ada' }],
  },
);

export const SessionSchema = Type.Object(
  {
    token: Type.String({ description: 'For `Authorization: Bearer TOKEN`.' }),
    expiresAt: TimeSchema,
    user: UserSchema,
  },
  { additionalProperties: false, description: 'An account, a token for it, and when the token expires.' },
);

export const RegistrationSchema = Type.Object(
  { email: EmailSchema, username: UsernameSchema, password: PasswordSchema },
  {
    additionalProperties: false,
    examples: [{ email: 'ada@example.com', username: 'ada', password: 'correct horse battery' }],
  },
);

/** At login a short password is simply wrong. Only lengths that would be expensive are bounded. */
export const LoginSchema = Type.Object(
  { email: Type.String({ maxLength: 254 }), password: Type.String({ maxLength: 128 }) },
  {
    additionalProperties: false,
    examples: [{ email: 'ada@example.com', password: 'correct horse battery' }],
  },
);

export const UserChangesSchema = Type.Object(
  { email: Type.Optional(EmailSchema), username: Type.Optional(UsernameSchema) },
  { additionalProperties: false, minProperties: 1, examples: [{ username: 'lovelace' }] },
);

/** As at login, a present password that is too short is simply wrong. */
const PresentPasswordSchema = Type.String({ maxLength: 128, examples: ['correct horse battery'] });

export const PasswordChangeSchema = Type.Object(
  { currentPassword: PresentPasswordSchema, newPassword: PasswordSchema },
  {
    additionalProperties: false,
    examples: [{ currentPassword: 'correct horse battery', newPassword: 'a stapled new battery' }],
  },
);

export const AccountDeletionSchema = Type.Object(
  { password: PresentPasswordSchema },
  { additionalProperties: false, examples: [{ password: 'correct horse battery' }] },
);

export type UserAnswer = Static<typeof UserSchema>;
export type RegistrationBody = Static<typeof RegistrationSchema>;
export type PasswordChangeBody = Static<typeof PasswordChangeSchema>;
export type SessionAnswer = Static<typeof SessionSchema>;

export const registration = new Validator(RegistrationSchema);
export const login = new Validator(LoginSchema);
export const userChanges = new Validator(UserChangesSchema);
export const passwordChange = new Validator(PasswordChangeSchema);
export const accountDeletion = new Validator(AccountDeletionSchema);
