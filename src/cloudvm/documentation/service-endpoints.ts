/** What the routes about the server itself answer. */
import Type from 'typebox';
import { type EndpointDescription, endpoint } from '../contract/endpoint.ts';
import { PROBLEM_CAUSES } from '../contract/problem-catalogue.ts';
import type { ServiceOperationId } from './service-routes.ts';

const HTML = 'text/html';

const CountSchema = Type.Integer({ minimum: 0 });

export const HealthSchema = Type.Object(
  { status: Type.Literal('ok') },
  { additionalProperties: false, description: 'The process serves.', examples: [{ status: 'ok' }] },
);

export const ReadinessSchema = Type.Object(
  {
    status: Type.Literal('ready'),
    workers: Type.Object(
      { serving: CountSchema, size: CountSchema },
      { additionalProperties: false, description: 'How many workers serve, and how many there should be.' },
    ),
    cutOffRoutes: Type.Array(Type.String(), {
      description: 'Routes that get 503 for a while, because they have ended their workers again and again.',
    }),
  },
  {
    additionalProperties: false,
    examples: [{ status: 'ready', workers: { serving: 8, size: 8 }, cutOffRoutes: [] }],
  },
);

const PathSchema = Type.String({ format: 'uri-reference' });

export const StartSchema = Type.Object(
  {
    name: Type.String(),
    links: Type.Record(Type.String(), PathSchema, { description: 'Paths by what is there.' }),
  },
  {
    additionalProperties: false,
    description: 'Where to go from here.',
    examples: [{ name: 'CloudVM', links: { documentation: '/docs', openapi: '/openapi.json' } }],
  },
);

export const ProblemCauseSchema = Type.Object(
  {
    type: Type.String({ format: 'uri-reference', description: 'As in problem details.' }),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    title: Type.String(),
    explanation: Type.String({ description: 'What it means, and what to do. Backticks enclose code.' }),
  },
  {
    additionalProperties: false,
    description: 'A cause for which requests are refused.',
    examples: [{ type: '/problems/not-found', ...PROBLEM_CAUSES['not-found'] }],
  },
);

export const ProblemCauseListSchema = Type.Object(
  { problems: Type.Array(ProblemCauseSchema) },
  { additionalProperties: false },
);

export const SERVICE_ENDPOINTS = {
  getStart: endpoint({
    group: 'Service',
    summary: 'Where to go',
    success: { status: 200, description: 'Links.', schema: StartSchema, contentType: HTML },
    problems: [],
  }),
  getHealth: endpoint({
    group: 'Service',
    summary: 'Ask whether the process serves',
    description: 'Answered without the database, and also while no worker is free.',
    success: { status: 200, description: 'It serves.', schema: HealthSchema },
    problems: [],
  }),
  getReadiness: endpoint({
    group: 'Service',
    summary: 'Ask whether the process can do its work now',
    description: 'For load balancers. `detail` of a refusal has the reason.',
    success: { status: 200, description: 'It is ready.', schema: ReadinessSchema },
    problems: [],
  }),
  getMetrics: endpoint({
    group: 'Service',
    summary: 'Read the metrics of the server',
    description:
      'In the text format of Prometheus. If the operator has set a token for it, that is the bearer token, and ' +
      'no token of a user is. Answered without the database, and also while no worker is free.',
    success: {
      status: 200,
      description: 'The metrics.',
      contentType: 'text/plain',
      headers: { 'Cache-Control': 'They are of this moment.' },
    },
    problems: ['unauthorized'],
  }),
  getOpenApi: endpoint({
    group: 'Service',
    summary: 'Read this document',
    fields: ['If-None-Match'],
    success: {
      status: 200,
      description: 'An OpenAPI 3.1 document.',
      schema: Type.Object(
        {
          openapi: Type.String({ pattern: '^3\\.1\\.' }),
          info: Type.Object({}),
          paths: Type.Object({}),
        },
        { description: 'Only the beginning: the OpenAPI Specification has the rest.' },
      ),
      headers: { ETag: 'The version of the document.' },
    },
    problems: [],
  }),
  getDocs: endpoint({
    group: 'Service',
    summary: 'Read this document as a page',
    success: {
      status: 200,
      description: 'A page that shows every operation and tries it.',
      contentType: HTML,
    },
    problems: [],
  }),
  listProblems: endpoint({
    group: 'Service',
    summary: 'List the causes for which requests are refused',
    success: {
      status: 200,
      description: 'Every cause.',
      schema: ProblemCauseListSchema,
      contentType: HTML,
    },
    problems: [],
  }),
  getProblem: endpoint({
    group: 'Service',
    summary: 'Read what a cause means, and what to do',
    description: 'The `type` of problem details is the path of this page.',
    success: { status: 200, description: 'The cause.', schema: ProblemCauseSchema, contentType: HTML },
    problems: ['not-found'],
  }),
} as const satisfies Record<ServiceOperationId, EndpointDescription>;
