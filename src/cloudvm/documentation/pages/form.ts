/** Two forms of one answer: a page for a person, JSON for a program. The client chooses by `Accept`. */
import { preferredType, type Request, type Response } from '../../../runtime/application.ts';
import { type Page, sendPage } from './page.ts';

/** @param page made only for a client that gets it */
export function sendPageOrJson(request: Request, response: Response, json: unknown, page: () => Page): void {
  response.vary('Accept').header('Cache-Control', 'no-cache');
  const type = preferredType(request, ['application/json', 'text/html']);
  if (type === 'text/html') sendPage(response, page());
  else response.json(json);
}
