import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';

const repository = join(import.meta.dirname, '..', '..', '..');
const documents = globSync('**/*.md', {
  cwd: repository,
  exclude: (name) => name === 'node_modules' || name.startsWith('.') || name === 'test-results',
}).map((path) => ({ path, text: readFileSync(join(repository, path), 'utf8') }));

/** What GitHub makes of a heading. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

it('has no link to a file or heading that is not there', () => {
  const broken = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
      if (/^[a-z]+:/.test(target)) return [];
      const [file = '', anchor] = target.split('#');
      const found = file === '' ? path : relative(repository, join(repository, dirname(path), file));
      const known = documents.find((document) => document.path === found);
      const isThere =
        existsSync(join(repository, found)) && (anchor === undefined || known === undefined || anchorsOf(known.text).includes(anchor));
      return isThere ? [] : [`${path}: ${target}`];
    }),
  );
  expect(documents.length).toBeGreaterThan(50);
  expect(broken).toEqual([]);
});

it('names no command and no path of the repository that is not there', () => {
  const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { scripts: Record<string, string> }; // npm's own shape
  const missing = documents.flatMap(({ path, text }) => [
    ...[...text.matchAll(/npm run ([\w:-]+)/g)].flatMap(([, name = '']) => (name in scripts ? [] : [`${path}: npm run ${name}`])),
    ...[
      ...text.matchAll(/(?<=[`\s])(?:services|libs|test|deploy|examples|docs)\/[\w./-]+\.(?:ts|md|sql|yaml|json|conf|py|mjs)\b/g),
    ].flatMap(([file]) => (existsSync(join(repository, file)) ? [] : [`${path}: ${file}`])),
  ]);
  expect(missing).toEqual([]);
});
