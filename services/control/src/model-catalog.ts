import { createCatalog } from '@sluice/catalog';
import type { ModelCatalog } from './complete-configuration.ts';

/** Models by the provider's type and address, so that a server merely named "openai" is not taken for OpenAI. */
export const modelCatalog: ModelCatalog = {
  modelsOf: ({ name, type, baseUrl, aiSdk }) => createCatalog({ providers: [{ name, type, baseUrl, aiSdk }] }).modelsOf(name),
};
