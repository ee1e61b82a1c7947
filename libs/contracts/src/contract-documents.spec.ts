import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { contractVersion } from './asyncapi-document.ts';
import { contractDocuments, generatedFolder } from './contract-documents.ts';
import { calls } from './services.ts';
import { subjects } from './subjects.ts';

const documents = contractDocuments();

interface Reference {
  readonly $ref: string;
}
interface Operation {
  readonly action: string;
  readonly channel: Reference;
  readonly reply?: { readonly channel: Reference };
}
interface Channel {
  readonly address: string | null;
  readonly messages: Record<string, Reference>;
  readonly parameters?: Record<string, unknown>;
}
interface AsyncApi {
  readonly asyncapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly channels: Record<string, Channel>;
  readonly operations: Record<string, Operation>;
}

const asyncApi = JSON.parse(documents.get('asyncapi.json') ?? '') as AsyncApi; // the members that the tests read are asserted

/** Every `$ref` of a document, with where it stands. */
function referencesOf(value: unknown, path = '#'): [path: string, target: string][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]): [string, string][] =>
    key === '$ref' && typeof member === 'string' ? [[path, member]] : referencesOf(member, `${path}/${key}`),
  );
}

function at(document: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((value, step) => {
      if (typeof value !== 'object' || value === null) return undefined;
      return new Map(Object.entries(value)).get(step.replaceAll('~1', '/').replaceAll('~0', '~'));
    }, document);
}

describe('docs/generated', () => {
  it.each([...documents.keys()])('%s is what `npm run docs` writes', async (path) => {
    expect(await readFile(new URL(path, generatedFolder), 'utf8')).toBe(documents.get(path));
  });

  it('has no schema that the contract has not', async () => {
    const files = (await readdir(new URL('schemas/', generatedFolder))).map((file) => `schemas/${file}`);
    expect(files.filter((file) => !documents.has(file))).toEqual([]);
  });

  it.each([...documents.keys()].filter((path) => path.startsWith('schemas/')))('%s is a titled JSON Schema 2020-12', (path) => {
    expect(JSON.parse(documents.get(path) ?? '')).toMatchObject({
      title: expect.any(String) as string,
      $schema: 'https://json-schema.org/draft/2020-12/schema',
    });
  });

  it('asks nothing of an operator that has a default', () => {
    expect(JSON.parse(documents.get('schemas/configuration.json') ?? '')).toMatchObject({
      required: ['version'],
      additionalProperties: false,
    });
  });
});

describe('the AsyncAPI document', () => {
  it('has what AsyncAPI 3.0 requires', () => {
    expect(asyncApi).toMatchObject({ asyncapi: '3.0.0', info: { title: expect.any(String) as string, version: contractVersion } });
    for (const operation of Object.values(asyncApi.operations)) expect(['send', 'receive']).toContain(operation.action);
  });

  it('has a target for every reference', () => {
    // A schema inlined in a message refers to itself by `#/$defs`, which would need its own root.
    const missing = referencesOf(asyncApi).filter(([, target]) =>
      target.startsWith('#') ? at(asyncApi, target) === undefined : !documents.has(target.replace(/^\.\//, '')),
    );
    expect(missing).toEqual([]);
  });

  it('declares the parameters of every address, and no others', () => {
    for (const { address, parameters } of Object.values(asyncApi.channels)) {
      const named = [...(address ?? '').matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(Object.keys(parameters ?? {}).sort()).toEqual(named.sort());
    }
  });

  it('describes every subject of the contract', () => {
    const described = new Set(Object.values(asyncApi.channels).map(({ address }) => (address ?? '').replaceAll(/\{\w+\}/g, '*')));
    const wildcards = ['anyCancel', 'anyPresence', 'anyUsage', 'anyAudit', 'anyDeadLetter'];
    const shared = ['check']; // stands as the two calls that use it
    const missing = Object.entries(subjects)
      .filter(([name]) => !wildcards.includes(name) && !shared.includes(name))
      .map(([, subject]) => (typeof subject === 'string' ? subject : subject('*', '*')))
      .filter((address) => !described.has(address));
    expect(missing).toEqual([]);
  });

  it('has a receiver with a reply for every call', () => {
    for (const [name, { service, subject }] of Object.entries(calls)) {
      expect(asyncApi.operations[`${service}.receive.${name}`]).toMatchObject({
        action: 'receive',
        reply: { channel: { $ref: `#/channels/${name}Reply` } },
      });
      expect(asyncApi.channels[name]?.address).toBe(subject);
    }
  });

  it('says for every channel who uses it', () => {
    const used = new Set(Object.values(asyncApi.operations).flatMap(({ channel, reply }) => [channel.$ref, reply?.channel.$ref]));
    expect(Object.keys(asyncApi.channels).filter((name) => !used.has(`#/channels/${name}`))).toEqual([]);
  });

  it('has the major version of the subjects', () => {
    expect(subjects.cacheStore.split('.')[1]).toBe(`v${contractVersion.split('.')[0] ?? ''}`);
  });
});
