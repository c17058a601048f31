/**
 * The refusals of an operation: for each status one response that lists its causes. Operations that are
 * refused for the same causes share it, under `#/components/responses`.
 */
import type { EndpointDescription } from '../../contract/endpoint.ts';
import { PROBLEM_CAUSES, type ProblemName } from '../../contract/problem-catalogue.ts';
import type { Route } from '../../contract/routes.ts';
import { ProblemSchema } from '../problem-schema.ts';
import { commonHeaders } from './common-headers.ts';
import { type JsonObject, reference, schemaJson } from './component-schemas.ts';

/** For these, any route refuses a request. 405, 501 and 505 belong to no operation. */
const COMMON: readonly ProblemName[] = [
  'bad-request',
  'request-timeout',
  'precondition-failed',
  'content-too-large',
  'uri-too-long',
  'expectation-failed',
  'request-header-fields-too-large',
  'internal-server-error',
  'service-unavailable',
  'gateway-timeout',
];

const WAIT = { 'Retry-After': header('The seconds after which a new attempt makes sense.') };

const HEADERS: Readonly<Record<number, JsonObject>> = {
  401: { 'WWW-Authenticate': header('`Bearer`, and what is wrong with the token.') },
  409: WAIT,
  429: WAIT,
  503: WAIT,
};

/** The refusals of different operations are one, so each may have all of them. */
const HEADER_REFERENCES = commonHeaders({ path: '' });

const VALIDATION_ERRORS = [{ path: '/name', message: 'must have at least 1 character' }];

export class Refusals {
  readonly #components = new Map<string, JsonObject>();

  /** By status. */
  responsesOf(route: Route, endpoint: EndpointDescription): JsonObject {
    const byStatus = Map.groupBy(causesOf(route, endpoint), (name) => PROBLEM_CAUSES[name].status);
    return Object.fromEntries([...byStatus].map(([status, names]) => [status, this.#share(status, names)]));
  }

  /** All that were made until now, by their names. */
  get components(): JsonObject {
    return Object.fromEntries([...this.#components].sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  #share(status: number, names: readonly ProblemName[]): JsonObject {
    const component = names.map(pascalCase).join('Or');
    this.#components.set(component, refusal(status, names));
    return reference('responses', component);
  }
}

function causesOf(
  { access, isUnlimited = false }: Route,
  { body, problems }: EndpointDescription,
): Set<ProblemName> {
  const forUsers: ProblemName[] = access === 'user' ? ['unauthorized'] : [];
  const forBodies: ProblemName[] = body === undefined ? [] : ['length-required'];
  const forClients: ProblemName[] = isUnlimited ? [] : ['rate-limit-exceeded'];
  return new Set([...COMMON, ...forClients, ...forUsers, ...forBodies, ...problems]);
}

function refusal(status: number, names: readonly ProblemName[]): JsonObject {
  return {
    description: names.map(explanation).join('\n\n'),
    headers: { ...HEADERS[status], ...HEADER_REFERENCES },
    content: {
      'application/problem+json': {
        schema: {
          allOf: [
            schemaJson(ProblemSchema),
            {
              type: 'object',
              properties: {
                type: { type: 'string', enum: names.map(problemPath) },
                status: { type: 'integer', const: status },
              },
            },
          ],
        },
        examples: Object.fromEntries(names.map((name) => [name, example(name)])),
      },
    },
  };
}

function explanation(name: ProblemName): string {
  const { title, explanation } = PROBLEM_CAUSES[name];
  return `**${title}.** ${explanation}`;
}

function example(name: ProblemName): JsonObject {
  const { title, status } = PROBLEM_CAUSES[name];
  const errors = name === 'unprocessable-content' ? { errors: VALIDATION_ERRORS } : {};
  const detail = 'A sentence about this request.';
  return {
    summary: title,
    value: { type: problemPath(name), title, status, detail, instance: '/api/vms', ...errors },
  };
}

function problemPath(name: string): string {
  return `/problems/${name}`;
}

function pascalCase(name: string): string {
  return name.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function header(description: string): JsonObject {
  return { description, schema: { type: 'string' } };
}
