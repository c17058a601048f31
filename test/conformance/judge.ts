/**
 * Compares the events of a case with its expectation. If the expectation names a preferred status, that
 * status is required, because this server intends it. An empty list of complaints is a pass.
 */

import type { ConformanceCase, Expectation } from './case.ts';
import type { Outcome } from './exchange.ts';
import { fieldValues, isInterim, type Response } from './response.ts';

export function judge({ expect }: ConformanceCase, outcome: Outcome): string[] {
  const { anyOf = [], ...common } = expect;
  if (anyOf.length === 0) return complaints(common, outcome);
  const verdicts = anyOf.map((alternative) => complaints({ ...common, ...alternative }, outcome));
  return verdicts.reduce((best, verdict) => (verdict.length < best.length ? verdict : best));
}

function complaints(expected: Expectation, outcome: Outcome): string[] {
  const finals = outcome.responses.filter((response) => !isInterim(response));
  return [
    ...judgeForm(outcome),
    ...judgeFirst(expected, outcome, finals),
    ...judgeConnection(expected, outcome),
    ...judgeCount(expected, outcome, finals),
    ...judgeBodies(expected, finals),
    ...judgeInterim(expected, outcome.responses.filter(isInterim)),
    ...judgeFields(expected, outcome, finals),
  ];
}

function judgeForm({ responses, rest }: Outcome): string[] {
  const found = responses.flatMap(({ status, problems, complete }, i) =>
    [...problems, ...(complete ? [] : ['cut short'])].map(
      (problem) => `response ${i + 1} (${status}): ${problem}`,
    ),
  );
  return rest === '' ? found : [...found, `bytes that are no response: ${shown(rest)}`];
}

function judgeFirst(
  { statuses, prefer }: Expectation,
  outcome: Outcome,
  finals: readonly Response[],
): string[] {
  const countsInterim = statuses.some((status) => status < 200 && status > 0);
  const first = countsInterim ? outcome.responses[0] : finals[0];
  if (first === undefined) {
    if (statuses.length === 0 || isSilentClose(statuses, outcome)) return [];
    return [
      `${outcome.closed ? 'closed without a response' : 'no response'}, expected ${statuses.join(' or ')}`,
    ];
  }
  if (!statuses.includes(first.status)) {
    return [
      `status ${first.status}, expected ${statuses.length === 0 ? 'no response' : statuses.join(' or ')}`,
    ];
  }
  if (prefer?.includes(first.status) === false)
    return [`status ${first.status}, preferred is ${prefer.join(' or ')}`];
  return [];
}

function isSilentClose(statuses: readonly number[], { closed }: Outcome): boolean {
  return statuses.includes(0) && closed;
}

function judgeConnection({ closes }: Expectation, { closed, error, nextRequest }: Outcome): string[] {
  if (closes === true && !closed) return ['the connection was left open'];
  if (closes === false && closed)
    return [`the connection was ${error === undefined ? 'closed' : `lost (${error})`}`];
  return nextRequest === undefined ? [] : [`the next request on the connection: ${nextRequest}`];
}

function judgeCount(
  { responses, all, statuses }: Expectation,
  outcome: Outcome,
  finals: readonly Response[],
): string[] {
  const found: string[] = [];
  const excused = finals.length === 0 && isSilentClose(statuses, outcome);
  if (responses !== null && !excused && finals.length !== responses) {
    found.push(`${finals.length} responses, expected ${responses}`);
  }
  for (const [i, acceptable] of (all ?? []).entries()) {
    const status = finals[i]?.status;
    if (status !== undefined && !acceptable.includes(status)) {
      found.push(`response ${i + 1} is ${status}, expected ${acceptable.join(' or ')}`);
    }
  }
  return found;
}

function judgeBodies({ body, bodies, bodyLen }: Expectation, finals: readonly Response[]): string[] {
  const wanted = bodies ?? (body === undefined ? [] : [body]);
  const found = wanted.flatMap((text, i) => {
    const response = finals[i];
    if (text === null || response === undefined || !isSuccess(response) || response.body === text) return [];
    return [`body ${i + 1} is ${shown(response.body)}, expected ${shown(text)}`];
  });
  const [first] = finals;
  if (bodyLen !== undefined && first?.status === 200 && first.body.length !== bodyLen) {
    found.push(`the body has ${first.body.length} bytes, expected ${bodyLen}`);
  }
  return found;
}

function isSuccess({ status }: Response): boolean {
  return status >= 200 && status <= 299;
}

function judgeInterim({ interim }: Expectation, found: readonly Response[]): string[] {
  if (interim === undefined) return [];
  const statuses = found.map(({ status }) => status);
  const right =
    interim.length === 0
      ? statuses.length === 0
      : statuses.length > 0 && statuses.every((status) => interim.includes(status));
  return right
    ? []
    : [`interim responses ${statuses.join(', ') || 'none'}, expected ${interim.join(', ') || 'none'}`];
}

function judgeFields(expected: Expectation, { responses }: Outcome, finals: readonly Response[]): string[] {
  const { headers = {}, forbidHeaders = [], clMatch } = expected;
  const found: string[] = [];
  const [first] = finals;
  for (const [name, part] of first === undefined ? [] : Object.entries(headers)) {
    const values = fieldValues(first ?? { fields: [] }, name);
    const value = values.join(', ').toLowerCase();
    if (values.length === 0 || !value.includes(part.toLowerCase()))
      found.push(`${name} is ${shown(value)}, expected ${part}`);
  }
  for (const name of forbidHeaders) {
    if (responses.some((response) => fieldValues(response, name).length > 0))
      found.push(`a response has ${name}`);
  }
  if (clMatch !== undefined) {
    const [one, other] = clMatch.map((i) => fieldValues(finals[i] ?? { fields: [] }, 'content-length')[0]);
    if (one !== undefined && other !== undefined && one !== other)
      found.push(`Content-Length ${one} and ${other}`);
  }
  return found;
}

function shown(text: string): string {
  return text.length > 80 ? `${JSON.stringify(text.slice(0, 80))}… (${text.length})` : JSON.stringify(text);
}
