/** The plain application (work.ts) on this server. */
import type { Router } from '../../../src/runtime/application.ts';
import { BIG, BYTES_TYPE, burn, FIELD, HEALTH, HEALTH_TEXT, millisecondsOf, subjectReader } from './work.ts';

export function routes(router: Router): void {
  const subjectOf = subjectReader();
  router.constant('/constant', HEALTH);
  router.get('/health', (_request, response) => {
    response.rawJson(HEALTH_TEXT);
  });
  router.get('/params/:a/:b', (request, response) => {
    response.json({ a: request.parameter('a'), b: request.parameter('b') });
  });
  router.get('/field', (request, response) => {
    response.json({ field: request.header(FIELD) });
  });
  router.post('/echo', (request, response) => {
    response.bytes(request.bytes(), BYTES_TYPE);
  });
  router.get('/big', (_request, response) => {
    response.bytes(BIG, BYTES_TYPE);
  });
  router.get('/me', (request, response) => {
    response.json({ sub: subjectOf(request.header('authorization')) });
  });
  router.get('/cpu', (request, response) => {
    const ms = millisecondsOf(`ms=${request.query.get('ms')}`);
    burn(ms);
    response.json({ ms });
  });
}
