/** Requests and responses of other shapes: parameters, many header fields, bodies, a token. */
import { createSigner } from 'fast-jwt';
import type { LoadRequest } from '../laboratory/load/request.ts';
import { OF_BODIES, OF_SMALL_REQUESTS, OF_TOKENS } from './chosen-arms.ts';
import type { Scenario } from './scenario.ts';

const KILOBYTE = 1024;
const HEADER_FIELDS = 30;
/** So many are in use at a time, as they would be with as many users. */
const TOKENS = 100;

export const REQUEST_SCENARIOS: readonly Scenario[] = [
  {
    name: 'params',
    about: 'GET /params/:a/:b, which answers with its parameters as JSON',
    application: 'plain',
    arms: OF_SMALL_REQUESTS,
    connections: 64,
    requests: () => [{ method: 'GET', path: '/params/some-name/12345678', headers: {} }],
  },
  {
    name: 'many-headers',
    about: `GET with ${HEADER_FIELDS} further header fields, of which the handler reads the last`,
    application: 'plain',
    arms: OF_SMALL_REQUESTS,
    connections: 64,
    requests: () => [{ method: 'GET', path: '/field', headers: manyFields() }],
  },
  echo('echo-1k', '1 KB', KILOBYTE),
  echo('echo-64k', '64 KB', 64 * KILOBYTE),
  echo('echo-1m', '1 MB', KILOBYTE * KILOBYTE),
  {
    name: 'big-response',
    about: 'GET of 100 KB on 8 connections',
    application: 'plain',
    arms: OF_BODIES,
    connections: 8,
    requests: () => [{ method: 'GET', path: '/big', headers: {} }],
  },
  {
    name: 'jwt',
    about: `GET of a route that checks a token, ${TOKENS} of them in random order`,
    application: 'plain',
    arms: OF_TOKENS,
    connections: 64,
    remarks: ['All arms check with fast-jwt, and remember 1,000 tokens in each thread or process.'],
    requests: ({ jwtSecret }) => {
      const sign = createSigner({ key: jwtSecret, algorithm: 'HS256', expiresIn: '1h' });
      return Array.from(
        { length: TOKENS },
        (_, index): LoadRequest => ({
          method: 'GET',
          path: '/me',
          headers: { Authorization: `Bearer ${sign({ sub: `user-${String(index).padStart(4, '0')}` })}` },
        }),
      );
    },
  },
];

function echo(name: string, size: string, bytes: number): Scenario {
  return {
    name,
    about: `POST of ${size}, which comes back, on 8 connections`,
    application: 'plain',
    arms: OF_BODIES,
    connections: 8,
    requests: () => [
      {
        method: 'POST',
        path: '/echo',
        headers: { 'Content-Type': 'application/octet-stream' },
        body: 'x'.repeat(bytes),
      },
    ],
  };
}

function manyFields(): Record<string, string> {
  const fields = Array.from(
    { length: HEADER_FIELDS },
    (_, index) => [`X-Field-${index}`, `the value of field number ${index}`] as const,
  );
  return Object.fromEntries(fields);
}
