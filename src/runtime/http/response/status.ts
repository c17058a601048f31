/**
 * Status codes and their lines, made once. The reason phrases are IANA's registry (RFC 9110, section 15).
 * response-head.ts takes the whole line from here, problem.ts the phrase as the title of a problem.
 */

const REASON_PHRASES: ReadonlyMap<number, string> = new Map([
  [200, 'OK'],
  [201, 'Created'],
  [202, 'Accepted'],
  [203, 'Non-Authoritative Information'],
  [204, 'No Content'],
  [205, 'Reset Content'],
  [206, 'Partial Content'],
  [207, 'Multi-Status'],
  [208, 'Already Reported'],
  [226, 'IM Used'],
  [300, 'Multiple Choices'],
  [301, 'Moved Permanently'],
  [302, 'Found'],
  [303, 'See Other'],
  [304, 'Not Modified'],
  [305, 'Use Proxy'],
  [307, 'Temporary Redirect'],
  [308, 'Permanent Redirect'],
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [402, 'Payment Required'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [405, 'Method Not Allowed'],
  [406, 'Not Acceptable'],
  [407, 'Proxy Authentication Required'],
  [408, 'Request Timeout'],
  [409, 'Conflict'],
  [410, 'Gone'],
  [411, 'Length Required'],
  [412, 'Precondition Failed'],
  [413, 'Content Too Large'],
  [414, 'URI Too Long'],
  [415, 'Unsupported Media Type'],
  [416, 'Range Not Satisfiable'],
  [417, 'Expectation Failed'],
  [421, 'Misdirected Request'],
  [422, 'Unprocessable Content'],
  [423, 'Locked'],
  [424, 'Failed Dependency'],
  [425, 'Too Early'],
  [426, 'Upgrade Required'],
  [428, 'Precondition Required'],
  [429, 'Too Many Requests'],
  [431, 'Request Header Fields Too Large'],
  [451, 'Unavailable For Legal Reasons'],
  [500, 'Internal Server Error'],
  [501, 'Not Implemented'],
  [502, 'Bad Gateway'],
  [503, 'Service Unavailable'],
  [504, 'Gateway Timeout'],
  [505, 'HTTP Version Not Supported'],
  [506, 'Variant Also Negotiates'],
  [507, 'Insufficient Storage'],
  [508, 'Loop Detected'],
  [511, 'Network Authentication Required'],
]);

/** The server sends 1xx responses itself, so an application can choose only a final status. */
export const MIN_STATUS = 200;
export const MAX_STATUS = 599;

/** Indexed by status code. A status without a registered phrase keeps the space the grammar asks for. */
const STATUS_LINES: readonly string[] = Array.from(
  { length: MAX_STATUS + 1 },
  (_, status) => `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`,
);

/** The registered phrase, or '' if there is none. */
export function reasonPhrase(status: number): string {
  return REASON_PHRASES.get(status) ?? '';
}

/** "HTTP/1.1 200 OK" with its line end. */
export function statusLine(status: number): string {
  return STATUS_LINES[status] ?? `HTTP/1.1 ${status} \r\n`;
}

/** 204 and 304 end with their head (RFC 9110, section 6.4.1) and have no Content-Length. */
export function isContentless(status: number): boolean {
  return status === 204 || status === 304;
}

/** 205 has no content either, but has a Content-Length of 0 (RFC 9110, section 15.3.6). */
export function allowsContent(status: number): boolean {
  return !isContentless(status) && status !== 205;
}
