/**
 * The frame of a page: plain HTML in light and dark, without scripts. Its style is in the page itself, and
 * the Content-Security-Policy allows exactly that text by its digest.
 */
import { createHash } from 'node:crypto';
import type { Response } from '../../../runtime/application.ts';

export interface Page {
  readonly title: string;
  /** HTML. */
  readonly content: string;
}

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d8dee6, #333d4a); --soft: light-dark(#57616e, #9aa6b4);
  --link: light-dark(#0b57d0, #8ab4f8); --code: light-dark(#f1f4f8, #1d242d); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 48rem; padding: 3rem 1.5rem; font: 1rem/1.6 system-ui, sans-serif;
  color: light-dark(#16202b, #e4e9ef); background: light-dark(#fff, #12171d); }
h1 { margin: 0 0 .25rem; font-size: 2rem; line-height: 1.2; letter-spacing: -.02em; }
h2 { margin: 2.5rem 0 .5rem; font-size: 1.1rem; }
p { margin: .5rem 0; }
a { color: var(--link); text-underline-offset: .15em; }
.soft { color: var(--soft); }
code, pre { font: .9em/1.5 ui-monospace, monospace; background: var(--code); border-radius: .3rem; }
code { padding: .1em .35em; }
pre { padding: 1rem; overflow-x: auto; }
pre code { padding: 0; }
dl { margin: 1rem 0; border-top: 1px solid var(--line); }
dl > div { display: grid; grid-template-columns: minmax(9rem, 1fr) 2fr; gap: 0 1.5rem; padding: .6rem 0;
  border-bottom: 1px solid var(--line); }
dt, dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 34rem) { dl > div { grid-template-columns: 1fr; } }
`;

const POLICY =
  `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; ` +
  "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Ends the response with the page. */
export function sendPage(response: Response, page: Page): void {
  response
    .header('Content-Security-Policy', POLICY)
    .header('Referrer-Policy', 'no-referrer')
    .html(pageHtml(page));
}

/** Text that may have any character, for an element or an attribute in double quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Text in which backticks enclose code. */
export function richText(text: string): string {
  return escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

/** An empty icon, so that browsers do not ask for one. */
function pageHtml({ title, content }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
${content}
</body>
</html>
`;
}
