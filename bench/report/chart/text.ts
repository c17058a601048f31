/** How wide a text is, about. Nothing measures it where no browser draws it, and readers have other fonts. */

/** In the size of the font, as in DejaVu Sans, which is wider than what most systems have. */
const NARROW = 0.36;
const WIDE = 0.92;
const CAPITAL = 0.68;
const ORDINARY = 0.6;
const BOLD = 1.1;

/** A space where a line may end: not before a unit. */
const BREAK = / (?!(?:ms|MB|µs|%)(?:\W|$))/;

export function textWidth(text: string, fontSize: number, bold = false): number {
  let sum = 0;
  for (const character of text) sum += widthOf(character);
  return sum * fontSize * (bold ? BOLD : 1);
}

function widthOf(character: string): number {
  if (/[ijlft.,:;'’|!()[\]/ -]/.test(character)) return NARROW;
  if (/[mwMW@%×]/.test(character)) return WIDE;
  return /[\p{Lu}\d]/u.test(character) ? CAPITAL : ORDINARY;
}

/** @returns as few lines of this width as possible, of about the same length. A single word may be wider. */
export function wrap(text: string, width: number, fontSize: number, bold = false): string[] {
  const { length } = fill(text, width, fontSize, bold);
  let narrower = width;
  while (narrower > width / 2 && fill(text, narrower - fontSize, fontSize, bold).length === length) {
    narrower -= fontSize;
  }
  return fill(text, narrower, fontSize, bold);
}

function fill(text: string, width: number, fontSize: number, bold: boolean): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(BREAK)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && textWidth(longer, fontSize, bold) > width) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}
