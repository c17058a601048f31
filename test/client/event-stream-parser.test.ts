/** Streams of events, cut anywhere (WHATWG HTML, section 9.2). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventStreamParser, type ServerSentEvent } from '../../src/client/events/event-stream-parser.ts';

function parse(...texts: readonly string[]): ServerSentEvent[] {
  const parser = new EventStreamParser(10_000, '');
  return texts.flatMap((text) => parser.push(text));
}

describe('an event', () => {
  test.each([
    ['ends with an empty line', 'data: 1\n\ndata: 2', [{ event: 'message', data: '1', id: '' }]],
    ['has lines of data', 'data: a\ndata\ndata:b\n\n', [{ event: 'message', data: 'a\n\nb', id: '' }]],
    ['loses one space', 'data:  a\n\n', [{ event: 'message', data: ' a', id: '' }]],
    ['has a type', 'event: vm\ndata: 1\n\n', [{ event: 'vm', data: '1', id: '' }]],
    ['needs data', 'event: vm\n\ndata: 1\n\n', [{ event: 'message', data: '1', id: '' }]],
    [
      'ignores comments and unknown fields',
      ': hi\nfoo: 1\n:\ndata: 1\n\n',
      [{ event: 'message', data: '1', id: '' }],
    ],
    ['may end its lines with CR', 'data: 1\rid: 7\r\r', [{ event: 'message', data: '1', id: '7' }]],
    ['may end its lines with CRLF', 'data: 1\r\nid: 7\r\n\r\n', [{ event: 'message', data: '1', id: '7' }]],
  ])('%s', (_title, text, events) => {
    expect(parse(text)).toEqual(events);
  });

  test('keeps the id of the one before, and an empty id takes it away', () => {
    const ids = parse('id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\nid: x\0y\ndata: d\n\n').map(
      ({ id }) => id,
    );
    expect(ids).toEqual(['1', '1', '', '']);
  });
});

test('the last id is that of a complete event, also of one without data', () => {
  const parser = new EventStreamParser(100, 'before');
  expect(parser.lastEventId).toBe('before');
  parser.push('id: 1\n\nid: 2\ndata: half');
  expect(parser.lastEventId).toBe('1');
});

test.each([
  ['retry: 250\n', 250],
  ['retry: soon\n', undefined],
  ['retry: -1\n', undefined],
  ['retry: 9999999999\n', undefined],
])('%j asks for a wait of %j ms', (text, expected) => {
  const parser = new EventStreamParser(100, '');
  parser.push(text);
  expect(parser.retryMs).toBe(expected);
});

test.each([
  ['a line without an end', ['data: ', 'x'.repeat(60), 'x'.repeat(60)]],
  ['lines without an end', Array(60).fill('data: x\n')],
  ['empty lines of data without an end', Array(200).fill('data\n')],
])('%s is cut off at the bound', (_title, texts) => {
  const parser = new EventStreamParser(100, '');
  expect(() => texts.flatMap((text) => parser.push(text))).toThrow(
    expect.objectContaining({ code: 'ERR_CLOUDVM_BAD_ANSWER' }),
  );
});

test('comments without an end take no memory', () => {
  const parser = new EventStreamParser(100, '');
  for (let line = 0; line < 1_000; line++) parser.push(': still here\n');
  expect(parser.push('data: 1\n\n')).toHaveLength(1);
});

test('wherever the text is cut, the events are the same', () => {
  const line = fc.constantFrom(
    'data: a',
    'data',
    'data:  b:c',
    'event: vm',
    'id: 7',
    'id',
    ': no',
    'retry: 5',
    '',
  );
  const end = fc.constantFrom('\n', '\r', '\r\n');
  const text = fc
    .array(
      fc.tuple(line, end).map((parts) => parts.join('')),
      { maxLength: 30 },
    )
    .map((lines) => lines.join(''));
  fc.assert(
    fc.property(text, fc.array(fc.nat(200)), (whole, cuts) => {
      const places = [
        0,
        ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b),
        whole.length,
      ];
      const pieces = places.slice(1).map((place, index) => whole.slice(places[index], place));
      expect(parse(...pieces)).toEqual(parse(whole));
    }),
  );
});
