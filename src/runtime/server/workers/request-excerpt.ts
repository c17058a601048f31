/**
 * The first lines of a request for the log, without secrets. Main thread, part of the flight recorder.
 *
 * Only what is known to be harmless is shown: method and path, the names of query parameters and header
 * fields, and the values of a few fields. A long segment of a path may be a secret too. The body is never
 * shown.
 */

const LONGEST_BYTES = 2_048;
const LONGEST_SEGMENT = 40;
const MOST_FIELDS = 30;
const MASK = '***';
const SHOWN_FIELDS = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'traceparent',
  'transfer-encoding',
  'user-agent',
  'x-request-id',
]);

/** @param bytes of the request, from its first byte on */
export function requestExcerpt(bytes: Buffer): string {
  const text = bytes.toString('latin1', 0, LONGEST_BYTES).trimStart();
  const end = text.indexOf('\r\n\r\n');
  const [requestLine = '', ...fields] = (end < 0 ? text : text.slice(0, end)).split('\r\n');
  return [maskTarget(requestLine), ...fields.slice(0, MOST_FIELDS).map(maskField)].join('\n');
}

function maskTarget(requestLine: string): string {
  const [method = '', target = '', version = ''] = requestLine.split(' ', 3);
  const [path = '', query] = target.split('?', 2);
  const shownPath = path.replace(/[^/]+/g, (segment) => (segment.length > LONGEST_SEGMENT ? MASK : segment));
  const shownQuery = query === undefined ? '' : `?${query.split('&').map(maskParameter).join('&')}`;
  return printable(`${method} ${shownPath}${shownQuery} ${version}`);
}

function maskParameter(parameter: string): string {
  const [name = ''] = parameter.split('=', 1);
  return parameter.includes('=') ? `${name}=${MASK}` : MASK;
}

function maskField(line: string): string {
  const colon = line.indexOf(':');
  if (colon < 0) return MASK;
  const name = line.slice(0, colon);
  return printable(SHOWN_FIELDS.has(name.toLowerCase()) ? line : `${name}: ${MASK}`);
}

/** The bytes may be anything. */
function printable(text: string): string {
  return text.replace(/[^ -~]/g, '.');
}
