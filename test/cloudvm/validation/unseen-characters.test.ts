import { expect, test } from 'vitest';
import { VISIBLE } from '../../../src/cloudvm/contract/visible-text.ts';

const LAST_CODE_POINT = 0x10ffff;

test('exactly the characters that cannot be seen are refused, as this version of Unicode has them', () => {
  const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
  const visible = new RegExp(VISIBLE, 'u');
  const wrong: number[] = [];
  for (let codePoint = 0; codePoint <= LAST_CODE_POINT; codePoint += 1) {
    const text = String.fromCodePoint(codePoint);
    if (visible.test(text) === unseen.test(text)) wrong.push(codePoint);
  }
  expect(wrong).toEqual([]);
});
