/** `GET /openapi.json`. The document is made once in a worker, when it is first asked for. */
import { createHash } from 'node:crypto';
import { entityTag, type Request, type Response } from '../../../runtime/application.ts';
import { openApiDocument } from '../openapi/document.ts';

const JSON_TEXT = JSON.stringify(openApiDocument());
/** Weak, so that the answer may be compressed. */
const TAG = entityTag(createHash('sha256').update(JSON_TEXT).digest('base64url'), { weak: true });

export function getOpenApi(_request: Request, response: Response): void {
  response.header('ETag', TAG).header('Cache-Control', 'no-cache').rawJson(JSON_TEXT);
}
