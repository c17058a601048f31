/**
 * Reads Accept-Encoding (RFC 9110, section 12.5.3): whether a client would rather have its content in gzip.
 * Used by compression.ts.
 */
import { NOT_ACCEPTABLE, parseWeight } from './weight.ts';

/** @param header Accept-Encoding if the client sent one. Without it nothing is compressed */
export function prefersGzip(header: string | undefined): boolean {
  if (header === undefined) return false;
  const weights = parseWeights(header);
  const gzip = weights.get('gzip') ?? weights.get('x-gzip') ?? weights.get('*') ?? NOT_ACCEPTABLE;
  // If identity is not mentioned, it is acceptable but has no weight. If it is mentioned, the client may
  // prefer it.
  const identity = weights.get('identity') ?? NOT_ACCEPTABLE;
  return gzip > NOT_ACCEPTABLE && gzip >= identity;
}

/** Weights by lower-case coding. A member whose weight is malformed counts as not there. */
function parseWeights(header: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const member of header.toLowerCase().split(',')) {
    const [coding = '', ...parameters] = member.split(';').map((part) => part.trim());
    const weight = weightOf(parameters);
    if (coding !== '' && weight !== undefined) weights.set(coding, weight);
  }
  return weights;
}

function weightOf([parameter, ...others]: readonly string[]): number | undefined {
  if (others.length > 0 || parameter?.startsWith('q=') === false) return undefined;
  return parseWeight(parameter?.slice('q='.length));
}
