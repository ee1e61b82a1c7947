import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Shared by every project: real servers need longer than the default to start, nothing else does. */
export default defineConfig({
  test: {
    include: ['**/*.spec.ts'],
    passWithNoTests: false,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // `npm test` adds up these files; Nx keeps them with the cached runs.
    reporters: ['default', 'json'],
    outputFile: { json: join(process.cwd(), 'test-results', 'vitest.json') },
  },
});
