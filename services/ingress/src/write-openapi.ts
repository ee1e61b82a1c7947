/** Writes docs/generated/openapi.json: `npm run docs`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { version } from '@sluice/runtime';
import { openApiFile, openApiText } from './openapi.ts';

await mkdir(new URL('.', openApiFile), { recursive: true });
await writeFile(openApiFile, openApiText(version));
