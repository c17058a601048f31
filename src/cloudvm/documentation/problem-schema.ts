/** The shape of every refusal: problem details (RFC 9457). */
import Type, { type Static } from 'typebox';

export const ProblemSchema = Type.Object(
  {
    type: Type.String({
      format: 'uri-reference',
      description: 'The cause, as the path of a page that explains it.',
      examples: ['/problems/not-found'],
    }),
    title: Type.String({ description: 'The cause in a few words.', examples: ['Not Found'] }),
    status: Type.Integer({ minimum: 400, maximum: 599, description: 'The status of the answer.' }),
    detail: Type.String({ description: 'What is wrong with this request, for a person.' }),
    instance: Type.Optional(
      Type.String({ description: 'The path of the request, unless it could not be read.' }),
    ),
    errors: Type.Optional(
      Type.Array(
        Type.Object(
          {
            path: Type.String({
              description: "A JSON pointer into the body or the query, or '' for the whole.",
              examples: ['/name'],
            }),
            message: Type.String({ examples: ['must have at least 1 character'] }),
          },
          { additionalProperties: false },
        ),
        { minItems: 1, description: 'Everything that is wrong with the body or the query.' },
      ),
    ),
  },
  { additionalProperties: false, description: 'Why the request was refused (RFC 9457).' },
);

export type ProblemAnswer = Static<typeof ProblemSchema>;
