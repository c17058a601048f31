/**
 * Entity tags, the header fields that list them, and their comparison (RFC 9110, section 8.8.3).
 * preconditions.ts decides with them.
 */

/** etagc of RFC 9110 without obs-text. */
const OPAQUE_TAG = /^[\u0021\u0023-\u007e]*$/;
/**
 * One member of a list: a tag or nothing, and the comma or the end. It is sticky, so it goes on where the
 * last member ended. White space is matched a second time only after a tag. Otherwise two runs of it could
 * meet, and the expression would try every way to divide them in a malformed list, which takes quadratic
 * time.
 */
const LIST_MEMBER = /[ \t]*(?:((?:W\/)?"[\u0021\u0023-\u007e\u0080-\u00ff]*")[ \t]*)?(?:,|$)/y;

const WEAK = 'W/';

/** Makes a tag of a version or digest: `entityTag('7')` is `"7"`. */
export function entityTag(opaque: string, options: { readonly weak?: boolean } = {}): string {
  if (!OPAQUE_TAG.test(opaque)) {
    throw new TypeError(
      `An entity tag has visible ASCII characters other than '"', not ${JSON.stringify(opaque)}`,
    );
  }
  return options.weak ? `${WEAK}"${opaque}"` : `"${opaque}"`;
}

/** The tags of a list, or undefined where it is malformed or empty. A comma may stand within a tag. */
export function parseEntityTags(list: string): readonly string[] | undefined {
  const tags: string[] = [];
  LIST_MEMBER.lastIndex = 0;
  while (LIST_MEMBER.lastIndex < list.length) {
    const member = LIST_MEMBER.exec(list);
    if (member === null) return undefined;
    if (member[1] !== undefined) tags.push(member[1]);
  }
  return tags.length === 0 ? undefined : tags;
}

/** The weak comparison, for If-None-Match: weak tags equal strong ones of the same text. */
export function includesWeakly(tags: readonly string[], tag: string): boolean {
  const opaque = withoutWeakness(tag);
  return tags.some((other) => withoutWeakness(other) === opaque);
}

/** The strong comparison, for If-Match: a weak tag equals none. */
export function includesStrongly(tags: readonly string[], tag: string): boolean {
  return !tag.startsWith(WEAK) && tags.includes(tag);
}

function withoutWeakness(tag: string): string {
  return tag.startsWith(WEAK) ? tag.slice(WEAK.length) : tag;
}
