/**
 * The colours and fonts of the charts, in a light and a dark variant. Blue beside grey can be told apart with
 * every kind of colour blindness, and so can blue beside orange (Okabe and Ito, "Color Universal Design").
 */
export interface Theme {
  /** Ends the name of the file. */
  readonly suffix: '' | '-dark';
  readonly background: string;
  readonly text: string;
  /** Of what explains: subtitles, units, the footer. */
  readonly quiet: string;
  readonly rule: string;
  readonly colors: Readonly<Record<Emphasis, string>>;
}

/** What a value belongs to: this server, a variant of it, a server beside it, or a figure from a document. */
export type Emphasis = 'ours' | 'variant' | 'other' | 'reference';

export const THEMES: readonly Theme[] = [
  {
    suffix: '',
    background: '#ffffff',
    text: '#1f2328',
    quiet: '#59636e',
    rule: '#d1d9e0',
    colors: { ours: '#0072b2', variant: '#7fb8d8', other: '#9aa3ad', reference: '#d55e00' },
  },
  {
    suffix: '-dark',
    background: '#0d1117',
    text: '#f0f6fc',
    quiet: '#9198a1',
    rule: '#3d444d',
    colors: { ours: '#56b4e9', variant: '#2f6f97', other: '#6e7681', reference: '#f0883e' },
  },
];

/** What each system has. An SVG cannot bring a font along when a page shows it as an image. */
export const FONT =
  'system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, Noto Sans, Arial, sans-serif';

/** In pixels of a chart that is 1200 wide. They are legible at half of that. */
export const FONT_SIZE = { title: 32, subtitle: 20, heading: 22, label: 20, footer: 16 } as const;
