/**
 * Reads Accept-Encoding (RFC 9110, section 12.5.3): whether a client would rather have its content in gzip.
 * Used by compression.ts.
 */

/** RFC 9110, section 12.4.2. */
const WEIGHT = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i;
const NOT_ACCEPTABLE = 0;

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
    const weight = parseWeight(parameters);
    if (coding !== '' && weight !== undefined) weights.set(coding, weight);
  }
  return weights;
}

function parseWeight(parameters: readonly string[]): number | undefined {
  if (parameters.length === 0) return 1;
  const match = WEIGHT.exec(parameters[0] ?? '');
  return parameters.length === 1 && match !== null ? Number(match[1]) : undefined;
}
