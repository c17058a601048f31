/** Checks that a text is well-formed XML, as far as an SVG without declarations goes. */

const TOKEN = /<(\/?)([A-Za-z][\w:.-]*)((?:\s+[A-Za-z_:][\w:.-]*="[^"<]*")*)\s*(\/?)>|([^<]+)|(<)/g;
const REFERENCE = /&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)/;

/** @returns what is wrong, or undefined */
export function problemOf(xml: string): string | undefined {
  const open: string[] = [];
  let roots = 0;
  for (const [token, closing, name = '', attributes = '', empty, text, stray] of xml.matchAll(TOKEN)) {
    if (stray !== undefined) return 'a stray <';
    if (REFERENCE.test(text ?? attributes)) return `a stray & in ${token}`;
    if (text !== undefined) {
      if (open.length === 0 && text.trim() !== '') return `text outside of the root: ${text}`;
    } else if (closing === '/') {
      if (open.pop() !== name) return `${token} closes another element`;
    } else {
      if (open.length === 0) roots += 1;
      if (empty !== '/') open.push(name);
    }
  }
  if (open.length > 0) return `${open.join(' ')} is not closed`;
  return roots === 1 ? undefined : `${roots} roots`;
}
