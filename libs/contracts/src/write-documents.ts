/** Writes docs/generated: `npm run docs`. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { contractDocuments, generatedFolder } from './contract-documents.ts';

await rm(new URL('schemas/', generatedFolder), { recursive: true, force: true });
for (const [path, text] of contractDocuments()) {
  const file = new URL(path, generatedFolder);
  await mkdir(new URL('.', file), { recursive: true });
  await writeFile(file, text);
}
