import { guardrailPolicySchema } from '@sluice/contracts';
import { expect, it } from 'vitest';
import { Folder } from '../../normalise/fold.ts';
import { inspectText } from '../../normalise/inspected-text.ts';
import { createDenylistDetector } from './denylist.ts';

const folder = new Folder();
const hiddenFolder = new Folder();
const find = (text: string, denylist: string[]) =>
  createDenylistDetector()
    .compile(guardrailPolicySchema.parse({ denylist }))
    .inspect(inspectText(text, folder, hiddenFolder)).detections;

it.each([
  ['case', 'ask ACME about it', ['Acme']],
  ['accents', 'the café is closed', ['Cafe']],
  ['full-width letters', 'buy ＡＣＭＥ now', ['acme']],
  ['a zero-width space', 'buy ac\u200bme now', ['acme']],
  ['a phrase', 'about Project Nightingale.', ['project nightingale']],
  ['ideographs without borders', '我喜欢机密文件吗', ['机密']],
  ['base64', Buffer.from('please use acme for it').toString('base64'), ['acme']],
])('finds a word regardless of %s', (_, text, denylist) => {
  expect(find(text, denylist)).toMatchObject([{ detector: 'denylist', score: 1 }]);
});

it('matches on word borders only', () => {
  expect(find('acmeology and placmes', ['acme'])).toEqual([]);
});

it('gives offsets of the original text', () => {
  const text = 'x\u200b\u200b say Ac\u200bme!';
  const [detection] = find(text, ['acme']);
  expect(text.slice(detection?.start, detection?.end)).toBe('Ac\u200bme');
});
