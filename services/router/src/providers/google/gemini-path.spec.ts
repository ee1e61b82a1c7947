import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { geminiModelPath } from './gemini-path.ts';

describe('the path of a model', () => {
  it.each([
    ['gemini-2.5-flash', '/models/gemini-2.5-flash'],
    ['models/gemini-2.5-flash', '/models/gemini-2.5-flash'],
    ['tunedModels/mine-1', '/tunedModels/mine-1'],
    ['../files/secret', '/models/..%2Ffiles%2Fsecret'],
    ['models/../../v1/cachedContents', '/models/..%2F..%2Fv1%2FcachedContents'],
    ['x?key=1#f', '/models/x%3Fkey%3D1%23f'],
    ['', '/models/'],
  ])('%s is %s', (model, path) => {
    expect(geminiModelPath(model)).toBe(path);
  });

  it('stays two segments below the version, whatever the name', () => {
    fc.assert(
      fc.property(fc.string(), (model) => {
        const path = `${geminiModelPath(model)}:generateContent`;
        const url = new URL(`https://host.test/v1beta${path}`);
        expect(url.pathname.split('/').slice(0, 3)).toEqual(['', 'v1beta', path.split('/')[1]]);
        expect(url.pathname.split('/')).toHaveLength(4);
        expect(url.search + url.hash).toBe('');
      }),
    );
  });
});
