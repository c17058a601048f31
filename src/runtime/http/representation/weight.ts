/**
 * Weights of content negotiation (RFC 9110, section 12.4.2): `q=0.8`. Used by accept-encoding.ts and
 * accept.ts.
 */

const WEIGHT = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

export const NOT_ACCEPTABLE = 0;

/** @param text what follows "q=", undefined where there is none. @returns undefined where it is malformed */
export function parseWeight(text: string | undefined): number | undefined {
  if (text === undefined) return 1;
  return WEIGHT.test(text) ? Number(text) : undefined;
}
