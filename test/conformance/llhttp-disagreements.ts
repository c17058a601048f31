/**
 * Every way in which this server's parser is known to disagree with llhttp, Node's own, in its strict mode,
 * with the reason and an example. The fuzzer and test/conformance/llhttp.test.ts fail on any other, and on
 * one of these if the request lacks the feature that explains it.
 *
 * "refused" is harmless: two parsers cannot frame a refused request differently. "accepted" and "different"
 * need care, so they have `only`.
 */

export interface ExplainedDisagreement {
  /** As test/fuzz/llhttp-comparison.ts names it: what this server does, then llhttp. */
  readonly name: string;
  readonly why: string;
  readonly example: string;
  /** The feature of the request that makes the explanation apply. */
  readonly only?: RegExp;
}

const HOST = 'Host: a\r\n';
const CHUNKED = `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`;

export const LLHTTP_DISAGREEMENTS: readonly ExplainedDisagreement[] = [
  {
    name: 'refused: REQUEST_LINE',
    why: 'llhttp takes several spaces between the words, any number of empty lines before them, and HTTP/0.9 requests without a version. RFC 9112, section 3 has one space; sections 2.2 and 2.3 ask for none of the rest.',
    example: `GET  / HTTP/1.1\r\n${HOST}\r\n`,
  },
  {
    name: 'refused: VERSION',
    why: 'llhttp takes several spaces before the version, and RTSP/ and ICE/ as protocol names. RFC 9112, section 2.3: it is "HTTP/".',
    example: `GET /  HTTP/1.1\r\n${HOST}\r\n`,
  },
  {
    name: 'refused: VERSION_UNSUPPORTED',
    why: 'llhttp takes HTTP/0.9 and HTTP/2.0 as versions of a request in the syntax of 1.x; a major version that is not 1 is answered with 505 here (RFC 9110, section 15.6.6).',
    example: `GET / HTTP/0.9\r\n${HOST}\r\n`,
  },
  {
    name: 'refused: LINE_END',
    why: 'llhttp skips LF before a request and takes a lone LF as the end of a request line without a version. RFC 9112, section 2.2 allows that leniency; different ideas of where a line ends are what smugglers use.',
    example: `\nGET / HTTP/1.1\r\n${HOST}\r\n`,
  },
  {
    name: 'refused: HOST_MISSING',
    why: 'llhttp leaves Host to its user (Node checks its presence). RFC 9112, section 3.2: 400.',
    example: 'GET / HTTP/1.1\r\n\r\n',
  },
  {
    name: 'refused: HOST_REPEATED',
    why: 'llhttp leaves Host to its user. RFC 9112, section 3.2: 400 for more than one.',
    example: `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`,
  },
  {
    name: 'refused: HOST',
    why: 'llhttp leaves Host to its user. RFC 9112, section 3.2: 400 for an invalid value.',
    example: 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n',
  },
  {
    name: 'refused: TARGET',
    why: 'llhttp knows no target form: it takes fragments, user information, quotes, angle brackets, bytes above 0x7f, an empty host, CONNECT without a port. RFC 9112, section 3.2 and RFC 3986 have none of them.',
    example: `GET /a#b HTTP/1.1\r\n${HOST}\r\n`,
  },
  {
    name: 'refused: PERCENT_ENCODING',
    why: 'llhttp does not look at percent-encodings. RFC 3986, section 2.1: "%" and two hexadecimal digits; this server also refuses paths that do not decode to UTF-8, or to NUL.',
    example: `GET /%zz HTTP/1.1\r\n${HOST}\r\n`,
  },
  {
    name: 'refused: SCHEME',
    why: 'llhttp does not look at the scheme; an https target on a plain connection is misdirected (RFC 9110, section 7.4): 421.',
    example: `GET https://a/ HTTP/1.1\r\n${HOST}\r\n`,
  },
  {
    name: 'refused: CONNECTION',
    why: 'llhttp only looks for the options it knows. RFC 9110, section 7.6.1: Connection is a list of tokens.',
    example: `GET / HTTP/1.1\r\n${HOST}Connection: a=b\r\n\r\n`,
  },
  {
    name: 'refused: EXPECTATION',
    why: 'llhttp does not look at Expect. RFC 9110, section 10.1.1 allows 417 for any expectation but 100-continue.',
    example: `GET / HTTP/1.1\r\n${HOST}Expect: b\r\n\r\n`,
  },
  {
    name: 'refused: LENGTH_AND_TRANSFER_ENCODING',
    why: 'llhttp takes an empty Transfer-Encoding for none, so that it goes by Content-Length. RFC 9112, section 6.1: a request with both may be rejected, and is.',
    example: `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding:\r\nContent-Length: 0\r\n\r\n`,
  },
  {
    name: 'refused: TRANSFER_CODING',
    why: 'llhttp leaves codings under "chunked" to its user, encoded. RFC 9112, section 6.1: 501 for a coding that is not understood.',
    example: CHUNKED.replace('chunked', 'gzip, chunked').concat('0\r\n\r\n'),
  },
  {
    name: 'refused: TRANSFER_ENCODING_VERSION',
    why: 'llhttp decodes chunks in HTTP/1.0. RFC 9112, section 6.1: the framing of such a message is to be treated as faulty.',
    example: CHUNKED.replace('1.1', '1.0').concat('0\r\n\r\n'),
  },
  {
    name: 'refused: CHUNK_EXTENSION',
    why: 'llhttp takes empty extensions (";;") and extensions of any length; RFC 9112, section 7.1.1 has a name in each, and asks for a limit.',
    example: `${CHUNKED}1;;a\r\nx\r\n0\r\n\r\n`,
  },
  {
    name: 'refused: CHUNK_OVERHEAD',
    why: 'llhttp has no limit on how much framing a body may have beside its content; many tiny chunks are an attack on the CPU.',
    example: `${CHUNKED}${`1;${'a'.repeat(4000)}\r\nx\r\n`.repeat(16)}0\r\n\r\n`,
  },
  {
    name: 'refused: HEADERS_TOO_LARGE',
    why: 'llhttp leaves limits to its user. RFC 6585, section 5: 431.',
    example: `GET / HTTP/1.1\r\n${HOST}${'a:b\r\n'.repeat(200)}\r\n`,
  },
  {
    name: 'refused: TRAILERS_TOO_LARGE',
    why: 'llhttp leaves limits to its user; the trailer section is bounded like the header section here.',
    example: `${CHUNKED}0\r\n${'a:b\r\n'.repeat(4000)}\r\n`,
  },
  {
    name: 'refused: TARGET_TOO_LONG',
    why: 'llhttp leaves limits to its user. RFC 9110, section 15.5.15: 414.',
    example: `GET /${'a'.repeat(9000)} HTTP/1.1\r\n${HOST}\r\n`,
  },
  {
    name: 'accepted, llhttp: HPE_INVALID_METHOD',
    why: 'llhttp has a list of methods. RFC 9110, section 9.1: any token is one, and an unknown one is answered (405, 501), with the connection kept, not a broken request.',
    example: `BREW / HTTP/1.1\r\n${HOST}\r\n`,
    only: /^(?:\r\n)*(?!(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE) )[!#$%&'*+\-.^_`|~0-9A-Za-z]+ /,
  },
  {
    name: 'accepted, llhttp: HPE_INVALID_VERSION',
    why: 'llhttp takes 1.0 and 1.1 only. RFC 9110, section 2.5: a higher minor version is processed as the highest that is known.',
    example: `GET / HTTP/1.2\r\n${HOST}\r\n`,
    only: /^(?:\r\n)*[^\r\n]* HTTP\/1\.[2-9]\r\n/,
  },
  {
    name: 'accepted, llhttp: HPE_INVALID_CHUNK_SIZE',
    why: 'llhttp refuses white space behind a chunk size. RFC 9112, section 7.1.1 has it before the ";" of an extension as "bad" white space, which a recipient must parse; nothing else is taken here.',
    example: `${CHUNKED}1 ;a\r\nx\r\n0\r\n\r\n`,
    only: /\r\n[0-9A-Fa-f]+[ \t]+;[^\r\n]*\r\n/,
  },
  {
    name: 'accepted, llhttp: HPE_STRICT',
    why: 'llhttp refuses white space around the parts of a chunk extension, which RFC 9112, section 7.1.1 allows as "bad" white space.',
    example: `${CHUNKED}1; a\r\nx\r\n0\r\n\r\n`,
    only: /\r\n[0-9A-Fa-f]+[ \t]*;[^\r\n]*[ \t][^\r\n]*\r\n/,
  },
  {
    name: 'accepted, llhttp: HPE_INVALID_TRANSFER_ENCODING',
    why: 'llhttp does not see "chunked" as last when a tab, or an empty member of the list, stands behind it (RFC 9110, sections 5.5 and 5.6.1.2 let recipients ignore both), and it applies a Transfer-Encoding that it finds in trailers, which RFC 9110, section 6.5.1 forbids.',
    example: CHUNKED.replace('chunked', 'chunked\t').concat('0\r\n\r\n'),
    only: /\r\ntransfer-encoding:[^\r\n]*(?:[\t,]|\r\n[\s\S]*\r\n0+[^\r\n]*\r\n[\s\S]*transfer-encoding:)/i,
  },
  {
    name: 'accepted, llhttp: HPE_INVALID_CONTENT_LENGTH',
    why: 'llhttp refuses a tab behind the number, which is optional white space (RFC 9110, section 5.5), and applies a Content-Length that it finds in trailers; RFC 9110, section 6.5.1: a field that frames the message must not be taken from there. Trailers are checked and dropped here.',
    example: `${CHUNKED}0\r\nContent-Length: 1\r\n\r\n`,
    only: /\r\ncontent-length:[^\r\n]*\t|\r\n0+[ \t]*(?:;[^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*content-length:/i,
  },
  {
    name: 'accepted, llhttp: HPE_CLOSED_CONNECTION',
    why: 'llhttp applies a Connection: close that it finds in the trailers of the request before, and then refuses what follows on the connection.',
    example: `${CHUNKED}0\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\n${HOST}\r\n`,
  },
  {
    name: 'different persistence',
    why: 'llhttp obeys Proxy-Connection, a field that no RFC defines (RFC 9112, appendix C.2.2 warns of it), does not know an option of Connection that a tab follows, keeps an HTTP/1.0 connection that says both close and keep-alive (RFC 9112, section 9.3: close wins), and keeps one with CONNECT, whose answer here is an error and a close, since what follows may be meant for the tunnel.',
    example: `GET / HTTP/1.1\r\n${HOST}Proxy-Connection: close\r\n\r\n`,
    only: /^(?:\r\n)*CONNECT |\r\n(?:proxy-connection:|connection:[^\r\n]*\t)|HTTP\/1\.0\r\n(?:[\s\S]*\r\n)?connection:[\s\S]*close/i,
  },
  {
    name: 'body of CONNECT',
    why: 'llhttp ends a CONNECT request with its head, whatever Content-Length or Transfer-Encoding say. RFC 9112, section 6.3 knows no such exception for requests; refusing CONNECT, this server takes the body for what it is and closes.',
    example: 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nContent-Length: 5\r\n\r\n',
    only: /^(?:\r\n)*CONNECT /,
  },
];
