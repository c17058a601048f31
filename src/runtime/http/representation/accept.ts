/**
 * Chooses the media type of an answer by the request's Accept (RFC 9110, section 12.5.1). A handler that has
 * its answer in several forms calls it.
 */
import { type ContentType, parse } from 'content-type';
import { NOT_ACCEPTABLE, parseWeight } from './weight.ts';

/** A member of Accept. */
interface MediaRange extends ContentType {
  readonly weight: number;
}

/** How well a range fits a type. The better fit decides, whatever its weight is. */
const FITS_NOT = 0;
const FITS_ALL = 1;
const FITS_SUBTYPES = 2;
const FITS_TYPE = 3;
const FITS_PARAMETERS = 4;

/**
 * @param types such as `application/json`, the server's favourite first. It is the answer to a request that
 *   states no preference, as most programs do not
 * @returns one of `types`, or undefined if the client accepts none of them. The answer depends on Accept, so
 *   the handler says `response.vary('Accept')`
 */
export function preferredType<Type extends string>(
  request: { header(name: string): string | undefined },
  types: readonly Type[],
): Type | undefined {
  const ranges = parseAccept(request.header('accept') ?? '');
  if (ranges.length === 0) return types[0];
  let best: Type | undefined;
  let bestRank = 0;
  for (const type of types) {
    const rank = rankOf(parse(type), ranges);
    if (rank > bestRank) [best, bestRank] = [type, rank];
  }
  return best;
}

/** Members that are malformed count as not there. */
function parseAccept(header: string): readonly MediaRange[] {
  const ranges: MediaRange[] = [];
  for (let start = 0; start < header.length; ) {
    const member = parse(header, { comma: true, start });
    const { q, ...parameters } = member.parameters;
    const weight = parseWeight(q);
    if (weight !== undefined && member.type.includes('/')) ranges.push({ ...member, parameters, weight });
    start = member.index + 1;
  }
  return ranges;
}

/**
 * Greater for a type that the client likes better, and of equal ones for that which it names more exactly. 0
 * for one that it does not accept.
 */
function rankOf(type: ContentType, ranges: readonly MediaRange[]): number {
  let bestFit = FITS_NOT;
  let weight = NOT_ACCEPTABLE;
  for (const range of ranges) {
    const fit = fitOf(type, range);
    if (fit < bestFit || fit === FITS_NOT) continue;
    weight = fit === bestFit ? Math.max(weight, range.weight) : range.weight;
    bestFit = fit;
  }
  // The fit is smaller than the smallest difference of weights, a thousandth.
  return weight === NOT_ACCEPTABLE ? 0 : weight * 1000 + bestFit / 10;
}

function fitOf(type: ContentType, range: MediaRange): number {
  if (range.type === '*/*') return FITS_ALL;
  const parameters = Object.entries(range.parameters);
  if (range.type === type.type) {
    if (parameters.length === 0) return FITS_TYPE;
    return parameters.every((one) => hasParameter(type, one)) ? FITS_PARAMETERS : FITS_NOT;
  }
  return range.type.endsWith('/*') && type.type.startsWith(range.type.slice(0, -1))
    ? FITS_SUBTYPES
    : FITS_NOT;
}

/** All text is sent in UTF-8, so whoever asks for it gets it. */
function hasParameter({ parameters }: ContentType, [name, value]: readonly [string, string]): boolean {
  const own = parameters[name] ?? (name === 'charset' ? 'utf-8' : undefined);
  return own?.toLowerCase() === value.toLowerCase();
}
