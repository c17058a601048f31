/** The requests whose turns are timed, to the plain application. */
import { BROWSER_FIELDS } from '../browser-fields.ts';

export interface TurnCase {
  readonly name: string;
  /** The bytes that a client sends, all there when the turn begins. */
  readonly text: string;
  readonly requests: number;
}

const SMALL = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n';
const FIELDS = Object.entries(BROWSER_FIELDS).map(([name, value]) => `${name}: ${value}\r\n`);
const LARGE = `GET /health HTTP/1.1\r\nHost: localhost\r\n${FIELDS.join('')}\r\n`;
const PIPELINED = 16;

/** With the same names as whole requests over sockets, see end-to-end.ts. */
export const TURN_CASES: readonly TurnCase[] = [
  { name: 'small, one at a time', text: SMALL, requests: 1 },
  { name: `small, ${PIPELINED} pipelined`, text: SMALL.repeat(PIPELINED), requests: PIPELINED },
  { name: 'large, one at a time', text: LARGE, requests: 1 },
  { name: `large, ${PIPELINED} pipelined`, text: LARGE.repeat(PIPELINED), requests: PIPELINED },
];
