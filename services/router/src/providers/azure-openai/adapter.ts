import type { ProviderConfig } from '@sluice/contracts';
import { openaiWires, usualApis } from '../../openai-wire/openai-wires.ts';
import { readOpenaiError } from '../../openai-wire/read-openai-error.ts';
import type { ProviderAdapter, Wire } from '../provider-adapter.ts';

/**
 * OpenAI's models at Azure. Without `azure.apiVersion` the v1 interface is called, where the deployment is the body's
 * model; with one it stands in the path, as older resources want it.
 */
export const azureOpenai: ProviderAdapter = {
  telemetryName: 'azure.ai.openai',
  baseUrl: ({ baseUrl, azure }) => (baseUrl === undefined ? undefined : withRoot(baseUrl, azure?.apiVersion === undefined)),
  requiresApiKey: true,
  authorizer: (apiKey) => () => ['api-key', apiKey ?? ''],
  wires: (config) => wires(config),
  guesses: (config) => config.apis === undefined,
  readError: readOpenaiError,
};

/** Operators copy the resource's address from the portal, with or without the path. */
function withRoot(baseUrl: string, v1: boolean): string {
  const address = baseUrl.replace(/\/+$/, '').replace(/(?:\/openai)?(?:\/v1)?$/, '');
  return `${address}/openai${v1 ? '/v1' : ''}`;
}

function wires(config: ProviderConfig): readonly Wire[] {
  const all = openaiWires(config.apis ?? usualApis);
  const version = config.azure?.apiVersion;
  if (version === undefined) return all;
  const query = `?api-version=${encodeURIComponent(version)}`;
  return all.map((wire): Wire => {
    // Responses never stood below a deployment.
    const inDeployment = wire.format !== 'openai-responses';
    return {
      ...wire,
      path: (model, stream) => `${inDeployment ? `/deployments/${encodeURIComponent(model)}` : ''}${wire.path(model, stream)}${query}`,
    };
  });
}
