/**
 * The OpenAPI document, made from the table of routes and the schemas that validate. Nothing is written down
 * a second time, so it cannot differ from what the server does.
 */
import type { EndpointDescription } from '../../contract/endpoint.ts';
import { ENDPOINTS } from '../../contract/endpoints.ts';
import { ROUTES, type Route } from '../../contract/routes.ts';
import { SERVICE_ENDPOINTS } from '../service-endpoints.ts';
import { SERVICE_ROUTES } from '../service-routes.ts';
import { HEADER_COMPONENTS } from './common-headers.ts';
import { componentSchemas, type JsonObject } from './component-schemas.ts';
import { BEARER, operation } from './operation.ts';
import { pathTemplate } from './parameters.ts';
import { Refusals } from './refusals.ts';

/** Of the API, and not of the server. It grows when a client can see a difference. */
const API_VERSION = '1.0.0';

const DESCRIPTION = `Register or log in to get a token, and send it as \`Authorization: Bearer TOKEN\`. You see only what is yours.

**Refusals** are problem details (RFC 9457). Their \`type\` is the path of a page that explains the cause.

**Changes that take time**, such as starting a VM, are answered at once. \`Operation-Location\` is the path of the operation that goes on.

**Lists** have pages. While \`nextCursor\` is not null, ask again with it as \`cursor\`.

**Versions** are in \`ETag\`. Send the one that you have seen as \`If-Match\`, and your change is made only if nobody else has changed the resource since.

\`HEAD\` works where \`GET\` does. \`OPTIONS\` lists the methods of a path in \`Allow\`.`;

const TAGS: Readonly<Record<EndpointDescription['group'], string>> = {
  Accounts: 'Users and their tokens.',
  VMs: 'Virtual machines, and what is done with them.',
  Operations: 'Changes of VMs that go on after their request was answered.',
  Snapshots: 'The state of a disk at one moment.',
  Events: 'Every change, as it happens.',
  Service: 'The server itself.',
};

const ALL_ENDPOINTS: Readonly<Record<string, EndpointDescription>> = { ...ENDPOINTS, ...SERVICE_ENDPOINTS };

/** Every route that the document has. */
export const DOCUMENTED_ROUTES: readonly Route[] = [...ROUTES, ...SERVICE_ROUTES];

export function openApiDocument(): JsonObject {
  const refusals = new Refusals();
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const route of DOCUMENTED_ROUTES) {
    const path = pathTemplate(route.path);
    paths[path] = { ...paths[path], [route.method]: operation(route, endpointOf(route), refusals) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'CloudVM',
      version: API_VERSION,
      summary: 'Cloud virtual machines.',
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'This server.' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: componentSchemas(),
      responses: refusals.components,
      headers: HEADER_COMPONENTS,
      securitySchemes: {
        [BEARER]: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'The `token` of registering or logging in.',
        },
      },
    },
  };
}

function endpointOf({ operationId }: Route): EndpointDescription {
  const endpoint = ALL_ENDPOINTS[operationId];
  if (endpoint === undefined) throw new Error(`The operation ${operationId} is not described`);
  return endpoint;
}
