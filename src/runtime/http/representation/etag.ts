/**
 * Entity tags and the header fields that list them (RFC 9110, sections 8.8.3 and 13.1). The pipeline answers
 * If-None-Match with it. Controllers use `matchesStrongly` for If-Match.
 */
import { HttpProblem } from '../problem.ts';

/** etagc of RFC 9110 without obs-text. */
const OPAQUE_TAG = /^[\u0021\u0023-\u007e]*$/;
/**
 * One member of a list: a tag or nothing, and the comma or the end. It is sticky, so it goes on where the
 * last member ended. White space is matched a second time only after a tag. Otherwise two runs of it could
 * meet, and the expression would try every way to divide them in a malformed list, which takes quadratic
 * time.
 */
const LIST_MEMBER = /[ \t]*(?:((?:W\/)?"[\u0021\u0023-\u007e\u0080-\u00ff]*")[ \t]*)?(?:,|$)/y;

/** Makes a tag of a version or digest: `entityTag('7')` is `"7"`. */
export function entityTag(opaque: string, options: { readonly weak?: boolean } = {}): string {
  if (!OPAQUE_TAG.test(opaque)) {
    throw new TypeError(
      `An entity tag has visible ASCII characters other than '"', not ${JSON.stringify(opaque)}`,
    );
  }
  return options.weak ? `W/"${opaque}"` : `"${opaque}"`;
}

/** For If-None-Match: weak tags equal strong ones of the same text. A malformed list matches nothing. */
export function matchesWeakly(list: string, tag: string): boolean {
  if (list.trim() === '*') return true;
  return parseEntityTags(list)?.some((other) => withoutWeakness(other) === withoutWeakness(tag)) ?? false;
}

/**
 * For If-Match: only strong tags match. `tag` is undefined if there is no such resource.
 * @throws HttpProblem 400 if the list is malformed, since then the version to protect is unknown
 */
export function matchesStrongly(list: string, tag: string | undefined): boolean {
  if (list.trim() === '*') return tag !== undefined;
  const tags = parseEntityTags(list);
  if (tags === undefined) throw new HttpProblem(400, 'The If-Match header is not a list of entity tags.');
  return tag !== undefined && !tag.startsWith('W/') && tags.includes(tag);
}

/** The tags of a list, or undefined where it is malformed. A comma may stand within a tag. */
function parseEntityTags(list: string): string[] | undefined {
  const tags: string[] = [];
  LIST_MEMBER.lastIndex = 0;
  while (LIST_MEMBER.lastIndex < list.length) {
    const member = LIST_MEMBER.exec(list);
    if (member === null) return undefined;
    if (member[1] !== undefined) tags.push(member[1]);
  }
  return tags.length === 0 ? undefined : tags;
}

function withoutWeakness(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag;
}
