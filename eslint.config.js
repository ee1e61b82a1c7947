import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** Rules of the house: strict types, module boundaries by Nx tags, and `nats` reachable only through libs/bus. */
export default tseslint.config(
  { ignores: ['**/node_modules/**', '**/.nx/**', '**/.sluice/**', 'docs/**'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          allow: [],
          depConstraints: [
            { sourceTag: 'type:lib', onlyDependOnLibsWithTags: ['type:lib'] },
            { sourceTag: 'type:service', onlyDependOnLibsWithTags: ['type:lib'] },
            { sourceTag: 'type:tool', onlyDependOnLibsWithTags: ['type:lib', 'type:tool'] },
            // Only the data plane may read prompts and answers: libs/dialects is out of reach for billing and control.
            { sourceTag: 'scope:data', onlyDependOnLibsWithTags: ['scope:data', 'scope:shared'] },
            { sourceTag: 'scope:billing', onlyDependOnLibsWithTags: ['scope:shared'] },
            { sourceTag: 'scope:control', onlyDependOnLibsWithTags: ['scope:shared'] },
            { sourceTag: 'scope:shared', onlyDependOnLibsWithTags: ['scope:shared'] },
          ],
        },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: 'only-allowed-literals' }],
      '@typescript-eslint/consistent-type-definitions': 'off',
      'no-restricted-imports': ['error', { paths: [{ name: 'nats', message: 'Only libs/bus speaks to NATS; use @sluice/bus.' }] }],
      eqeqeq: 'error',
    },
  },
  { files: ['libs/bus/**/*.ts', 'examples/**/*.ts'], rules: { 'no-restricted-imports': 'off' } },
);
