/** Texts that requests hold, which are made strings when a handler asks for them. */
export interface Decoded {
  readonly name: string;
  readonly text: string;
  readonly encoding: 'latin1' | 'utf8';
}

export const DECODED: readonly Decoded[] = [
  { name: 'a path parameter, 24 bytes', text: '65f0c0ffee65f0c0ffee65f0', encoding: 'latin1' },
  { name: 'a field value, 121 bytes', text: 'Mozilla/5.0 '.repeat(11).slice(0, 121), encoding: 'latin1' },
  {
    name: 'a whole head, 700 bytes',
    text: 'Accept: text/html\r\n'.repeat(40).slice(0, 700),
    encoding: 'latin1',
  },
  { name: 'a JSON body, 200 bytes', text: `{"name":"${'zoë '.repeat(38)}"}`, encoding: 'utf8' },
];
