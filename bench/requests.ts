/** The requests that the parsers are timed on (`npm run bench -- parse`). */

export interface SampleRequest {
  readonly name: string;
  readonly text: string;
  /** Requests in it, each with so many header fields. */
  readonly requests: number;
  readonly fields: number;
}

/** The request of picohttpparser's benchmark. Most parsers quote their speed on it. */
const BROWSER_REQUEST = [
  'GET /wp-content/uploads/2010/03/hello-kitty-darth-vader-pink.jpg HTTP/1.1',
  'Host: www.kittyhell.com',
  'User-Agent: Mozilla/5.0 (Macintosh; U; Intel Mac OS X 10.6; ja-JP-mac; rv:1.9.2.3) Gecko/20100401 Firefox/3.6.3 Pathtraq/0.9',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Language: ja,en-us;q=0.7,en;q=0.3',
  'Accept-Encoding: gzip,deflate',
  'Accept-Charset: Shift_JIS,utf-8;q=0.7,*;q=0.7',
  'Keep-Alive: 115',
  'Connection: keep-alive',
  'Cookie: wp_ozh_wsa_visits=2; wp_ozh_wsa_visit_lasttime=xxxxxxxxxx; __utma=xxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.x; __utmz=xxxxxxxxx.xxxxxxxxxx.x.x.utmccn=(referral)|utmcsr=reader.livedoor.com|utmcct=/reader/|utmcmd=referral',
  '\r\n',
].join('\r\n');

const API_REQUEST = [
  'GET /api/vms?limit=20&status=running HTTP/1.1',
  'Host: api.example.com',
  'Accept: application/json',
  'Connection: keep-alive',
  '\r\n',
].join('\r\n');

/** A request with a token as long as one with the claims sub, iat and exp. */
const TOKEN = `${'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9'}.${'x'.repeat(92)}.${'y'.repeat(43)}`;

const TOKEN_REQUEST = [
  'GET /api/vms/65f0c0ffee65f0c0ffee65f0 HTTP/1.1',
  'Host: api.example.com',
  `Authorization: Bearer ${TOKEN}`,
  'Accept: application/json',
  '\r\n',
].join('\r\n');

const HEALTH_REQUEST = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n';
const PIPELINED = 16;

export const SAMPLE_REQUESTS: readonly SampleRequest[] = [
  { name: "picohttpparser's request", text: BROWSER_REQUEST, requests: 1, fields: 9 },
  { name: 'a small API request', text: API_REQUEST, requests: 1, fields: 3 },
  { name: 'a request with a JWT', text: TOKEN_REQUEST, requests: 1, fields: 3 },
  {
    name: `${PIPELINED} pipelined requests`,
    text: HEALTH_REQUEST.repeat(PIPELINED),
    requests: PIPELINED,
    fields: 1,
  },
];
