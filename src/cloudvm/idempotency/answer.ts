/** An answer with JSON that can be kept and given again. */
import type { Response } from '../../runtime/application.ts';

export interface Answer {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly json: string;
}

/** Says that an earlier request with the same key was carried out, and that this is its answer. */
export const REPLAYED = 'Idempotent-Replayed';

export function sendAnswer(response: Response, { status, fields, json }: Answer): void {
  response.status(status);
  for (const [name, value] of Object.entries(fields)) response.header(name, value);
  response.rawJson(json);
}
