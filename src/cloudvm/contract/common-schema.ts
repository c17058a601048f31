/** Shapes that several features have in common. */
import Type from 'typebox';

export const MAX_PAGE_SIZE = 100;
export const DEFAULT_PAGE_SIZE = 20;

export const IdSchema = Type.String({
  pattern: '^[0-9a-f]{24}$',
  description: '24 hexadecimal digits.',
  examples: ['66a1f0c2e4b0a1b2c3d4e5f6'],
});

export const TimeSchema = Type.String({
  format: 'date-time',
  description: 'ISO 8601, in UTC, with milliseconds.',
  examples: ['2026-05-01T12:00:00.000Z'],
});

export const LimitSchema = Type.Integer({
  minimum: 1,
  maximum: MAX_PAGE_SIZE,
  default: DEFAULT_PAGE_SIZE,
  description: 'How many entries the page has at most.',
});

export const CursorSchema = Type.String({
  minLength: 1,
  description: '`nextCursor` of the page before, for the same filters and the same order.',
});

export const TotalSchema = Type.Integer({
  minimum: 0,
  description: 'How many entries match, on all pages together.',
});

export const NextCursorSchema = Type.Union([Type.String(), Type.Null()], {
  description: 'Where the next page begins, or null on the last one.',
});

/** The query of a list that has one order and no filter. */
export const PageQuerySchema = Type.Object(
  { limit: Type.Optional(LimitSchema), cursor: Type.Optional(CursorSchema) },
  { additionalProperties: false },
);
