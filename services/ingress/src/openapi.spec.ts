import { readFile } from 'node:fs/promises';
import { version } from '@sluice/runtime';
import { describe, expect, it } from 'vitest';
import { openApiDocument, openApiFile, openApiText } from './openapi.ts';

describe('the OpenAPI document', () => {
  it('is what `npm run docs` wrote', async () => {
    expect(await readFile(openApiFile, 'utf8')).toBe(openApiText(version));
  });

  it('has a target for every reference', () => {
    const { schemas } = openApiDocument(version).components;
    const targets = [...openApiText(version).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect(targets.length).toBeGreaterThan(0);
    expect(targets.filter((name) => name === undefined || !Object.hasOwn(schemas, name))).toEqual([]);
  });

  it('names every operation once', () => {
    const ids = [...openApiText(version).matchAll(/"operationId": "(\w+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
