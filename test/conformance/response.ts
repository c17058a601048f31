/**
 * Reads what a server sent on one connection as a sequence of HTTP/1.1 responses, and notes everything about
 * them that RFC 9110 and 9112 forbid. It is strict on purpose. Client libraries are not, and so they hide bad
 * responses.
 */

export interface Response {
  readonly status: number;
  /** Names in lower case, in the order in which they came. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Decoded content, one character per byte. */
  readonly body: string;
  /** Whether the whole body has come. */
  readonly complete: boolean;
  /** Its faults. */
  readonly problems: readonly string[];
}

export interface ReadResponses {
  readonly responses: readonly Response[];
  /** Bytes at the end that are not a response, or not a whole head yet. */
  readonly rest: string;
}

interface Head {
  readonly status: number;
  readonly fields: [string, string][];
  readonly problems: string[];
}

interface Body {
  readonly content: string;
  readonly end: number;
  readonly complete: boolean;
  readonly problem?: string;
}

const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL_CHARACTER = /[\x00-\x08\x0a-\x1f\x7f]/;

export function isInterim({ status }: Response): boolean {
  return status < 200 && status !== 101;
}

export function fieldValues({ fields }: Pick<Response, 'fields'>, name: string): string[] {
  return fields.filter(([other]) => other === name.toLowerCase()).map(([, value]) => value);
}

/**
 * @param headRequests indexes of the final responses that answer HEAD and so have no body
 * @param closed whether the server has ended the connection
 */
export function readResponses(text: string, headRequests: readonly number[], closed: boolean): ReadResponses {
  const responses: Response[] = [];
  let position = 0;
  let finals = 0;
  let announcedClose = false;
  while (position < text.length) {
    const headEnd = text.indexOf('\r\n\r\n', position);
    const head = headEnd < 0 ? undefined : readHead(text.slice(position, headEnd));
    if (head === undefined) break;
    if (announcedClose) head.problems.push('it follows a response that said "Connection: close"');
    const interim = isInterim({ ...head, body: '', complete: true });
    const withoutBody =
      interim || head.status === 304 || head.status === 204 || headRequests.includes(finals);
    const body = withoutBody
      ? { content: '', end: headEnd + 4, complete: true }
      : readBody(text, headEnd + 4, head, closed);
    if (body.problem !== undefined) head.problems.push(body.problem);
    responses.push({ ...head, body: body.content, complete: body.complete });
    position = body.end;
    if (!interim) finals++;
    announcedClose ||= options(head, 'connection').includes('close');
  }
  return { responses, rest: text.slice(position) };
}

function readHead(text: string): Head | undefined {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const status = STATUS_LINE.exec(statusLine)?.[1];
  if (status === undefined) return undefined;
  const problems: string[] = [];
  const fields = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon));
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '');
    if (!FIELD_NAME.test(name)) problems.push(`bad field line ${JSON.stringify(line)}`);
    if (CONTROL_CHARACTER.test(value)) problems.push(`control character in ${name}`);
    return [name.toLowerCase(), value];
  });
  const head = { status: Number(status), fields, problems };
  problems.push(...framingProblems(head));
  return head;
}

function framingProblems(head: Head): string[] {
  const lengths = fieldValues(head, 'content-length');
  const codings = fieldValues(head, 'transfer-encoding');
  const problems: string[] = [];
  if (lengths.length > 0 && codings.length > 0) problems.push('Content-Length and Transfer-Encoding');
  if (lengths.length > 1 || lengths.some((length) => !/^\d{1,15}$/.test(length))) {
    problems.push(`Content-Length ${lengths.join(' | ')}`);
  }
  if (codings.length > 0 && codings.join(',').toLowerCase() !== 'chunked') {
    problems.push(`Transfer-Encoding ${codings.join(',')}`);
  }
  if (head.status < 200 || head.status === 204) {
    if (lengths.length + codings.length > 0) problems.push(`a ${head.status} with framing of a body`);
  }
  if (head.status === 405 && fieldValues(head, 'allow').length === 0) problems.push('405 without Allow');
  if (head.status === 101 && fieldValues(head, 'upgrade').length === 0) problems.push('101 without Upgrade');
  if (head.status >= 200 && head.status < 500 && fieldValues(head, 'date').length !== 1) {
    problems.push('not exactly one Date');
  }
  return problems;
}

function readBody(text: string, start: number, head: Head, closed: boolean): Body {
  if (options(head, 'transfer-encoding').includes('chunked')) return readChunks(text, start);
  const [length] = fieldValues(head, 'content-length');
  if (length === undefined) return { content: text.slice(start), end: text.length, complete: closed };
  const content = text.slice(start, start + Number(length));
  return { content, end: start + content.length, complete: content.length === Number(length) };
}

function readChunks(text: string, start: number): Body {
  let content = '';
  let position = start;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', position);
    if (lineEnd < 0) return { content, end: text.length, complete: false };
    const size = /^([0-9A-Fa-f]{1,12})(?:[ \t]*;.*)?$/.exec(text.slice(position, lineEnd))?.[1];
    if (size === undefined) return { content, end: position, complete: false, problem: 'bad chunk size' };
    const data = lineEnd + 2;
    const dataEnd = data + Number.parseInt(size, 16);
    if (dataEnd === data) return readTrailers(text, data, content);
    content += text.slice(data, dataEnd);
    if (text.length < dataEnd + 2) return { content, end: text.length, complete: false };
    if (text.slice(dataEnd, dataEnd + 2) !== '\r\n') {
      return { content, end: dataEnd, complete: false, problem: 'chunk without CR LF' };
    }
    position = dataEnd + 2;
  }
}

function readTrailers(text: string, start: number, content: string): Body {
  let position = start;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', position);
    if (lineEnd < 0) return { content, end: text.length, complete: false };
    if (lineEnd === position) return { content, end: position + 2, complete: true };
    position = lineEnd + 2;
  }
}

function options(head: Pick<Head, 'fields'>, name: string): string[] {
  return fieldValues(head, name)
    .join(',')
    .toLowerCase()
    .split(',')
    .map((option) => option.trim());
}
