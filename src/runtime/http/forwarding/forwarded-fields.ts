/**
 * Reads the fields in which proxies tell whose request they pass on: `Forwarded` (RFC 7239) and
 * `X-Forwarded-For`, `-Proto` and `-Host`. Each proxy appends at the right, so the lists are read from
 * there. What stands further left may come from the client and be anything. So each member is read by
 * itself, and one that is malformed has no effect on those to its right.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { addressToWords, wordsToAddress } from '../../memory/connections/peer-address.ts';

/** A longer chain of proxies is not followed. */
export const MAX_MEMBERS = 16;

/** What one proxy tells. */
export interface ForwardedMember {
  /** The IP address of whoever sent the request to it. Undefined if it is hidden or malformed. */
  readonly address: string | undefined;
  readonly protocol: 'http' | 'https' | undefined;
  readonly host: string | undefined;
}

const NOTHING: ForwardedMember = { address: undefined, protocol: undefined, host: undefined };

/** A token, and also the characters of an address and a port that some proxies do not quote. */
const PARAMETER = /^[ \t]*([!#$%&'*+.^_`|~\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+.^_`|~\w:[\]-]+))[ \t]*$/;
const HOST = /^(?:[\w.-]{1,253}|\[[\da-fA-F:.]{2,45}\])(?::\d{1,5})?$/;

/** @returns the members of a Forwarded field, the last one first */
export function readForwarded(field: string): readonly ForwardedMember[] {
  return lastMembers(field).map(readElement);
}

/** @returns what the three fields say, the last proxy first */
export function readXForwarded(
  forField: string | undefined,
  protoField: string | undefined,
  hostField: string | undefined,
): readonly ForwardedMember[] {
  const protocols = lastMembers(protoField ?? '');
  const hosts = lastMembers(hostField ?? '');
  return lastMembers(forField ?? '').map((node, index) => ({
    address: addressOf(node),
    protocol: protocolOf(atOrLast(protocols, index)),
    host: hostOf(atOrLast(hosts, index)),
  }));
}

/** A proxy may replace a field instead of appending to it. Then its list is shorter. */
function atOrLast(values: readonly string[], index: number): string | undefined {
  return values[Math.min(index, values.length - 1)];
}

/** Looks at no more of the field than it needs. */
function lastMembers(field: string): string[] {
  const members: string[] = [];
  let end = field.length;
  while (end > 0 && members.length < MAX_MEMBERS) {
    const comma = field.lastIndexOf(',', end - 1);
    members.push(field.slice(comma + 1, end).trim());
    end = comma;
  }
  return members;
}

function readElement(element: string): ForwardedMember {
  const parameters = new Map<string, string>();
  for (const text of element.split(';')) {
    const match = PARAMETER.exec(text);
    const name = match?.[1]?.toLowerCase();
    if (match === null || name === undefined || parameters.has(name)) return NOTHING;
    parameters.set(name, match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? '');
  }
  return {
    address: addressOf(parameters.get('for')),
    protocol: protocolOf(parameters.get('proto')),
    host: hostOf(parameters.get('host')),
  };
}

/** RFC 7239, section 6. A port is dropped. An address has one spelling, as `request.remoteAddress` has it. */
function addressOf(node: string | undefined): string | undefined {
  if (node === undefined) return undefined;
  const bracketed = /^\[([^\]]+)\](?::\w{1,16})?$/.exec(node)?.[1];
  const address = bracketed ?? (isIPv6(node) ? node : node.replace(/:\w{1,16}$/, ''));
  const isAddress = isIPv6(address) || (bracketed === undefined && isIPv4(address));
  return isAddress && !address.includes('%') ? wordsToAddress(...addressToWords(address)) : undefined;
}

function protocolOf(text: string | undefined): 'http' | 'https' | undefined {
  const protocol = text?.toLowerCase();
  return protocol === 'http' || protocol === 'https' ? protocol : undefined;
}

function hostOf(text: string | undefined): string | undefined {
  return text !== undefined && HOST.test(text) ? text : undefined;
}
