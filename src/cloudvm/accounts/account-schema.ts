/**
 * The shapes of registering, logging in and users, as the contract states them. Used by the account
 * controller.
 */
import Type, { type Static } from 'typebox';
import { Validator } from '../validation/validator.ts';

/** RFC 5321, section 4.5.3.1.3: a path has 256 octets, two of which are its brackets. */
const EmailSchema = Type.String({ format: 'email', maxLength: 254 });
const UsernameSchema = Type.String({ minLength: 3, maxLength: 32, pattern: '^[A-Za-z0-9_-]+$' });
const PasswordSchema = Type.String({ minLength: 8, maxLength: 128 });

export const UserSchema = Type.Object(
  { id: Type.String(), email: EmailSchema, username: UsernameSchema },
  { additionalProperties: false },
);

export const SessionSchema = Type.Object(
  { token: Type.String(), user: UserSchema },
  { additionalProperties: false },
);

export const RegistrationSchema = Type.Object(
  { email: EmailSchema, username: UsernameSchema, password: PasswordSchema },
  { additionalProperties: false },
);

/** At login a short password is simply wrong. Only lengths that would be expensive are bounded. */
export const LoginSchema = Type.Object(
  { email: Type.String({ maxLength: 254 }), password: Type.String({ maxLength: 128 }) },
  { additionalProperties: false },
);

export type UserAnswer = Static<typeof UserSchema>;
export type SessionAnswer = Static<typeof SessionSchema>;

export const registration = new Validator(RegistrationSchema);
export const login = new Validator(LoginSchema);
