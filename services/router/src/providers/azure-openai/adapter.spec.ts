import { providerSchema } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { azureOpenai } from './adapter.ts';

const configOf = (baseUrl: string, apiVersion?: string) =>
  providerSchema.parse({
    name: 'azure',
    type: 'azure-openai',
    apiKey: 'k',
    baseUrl,
    ...(apiVersion === undefined ? {} : { azure: { apiVersion } }),
  });

function address(baseUrl: string, format: string, apiVersion?: string): string {
  const config = configOf(baseUrl, apiVersion);
  const wire = azureOpenai.wires(config, 'my deployment').find((candidate) => candidate.format === format);
  return `${azureOpenai.baseUrl(config) ?? ''}${wire?.path('my deployment', true) ?? ''}`;
}

describe('azure-openai', () => {
  it.each([
    'https://r.openai.azure.com',
    'https://r.openai.azure.com/',
    'https://r.openai.azure.com/openai',
    'https://r.openai.azure.com/openai/v1',
  ])('calls the v1 interface below %s', (baseUrl) => {
    expect(address(baseUrl, 'openai-chat')).toBe('https://r.openai.azure.com/openai/v1/chat/completions');
    expect(address(baseUrl, 'openai-responses')).toBe('https://r.openai.azure.com/openai/v1/responses');
  });

  it('names the deployment in the path where a version is set, but for responses', () => {
    expect(address('https://r.openai.azure.com', 'openai-chat', '2024-10-21')).toBe(
      'https://r.openai.azure.com/openai/deployments/my%20deployment/chat/completions?api-version=2024-10-21',
    );
    expect(address('https://r.openai.azure.com', 'openai-responses', '2025-04-01-preview')).toBe(
      'https://r.openai.azure.com/openai/responses?api-version=2025-04-01-preview',
    );
  });

  it('sends the key in the header of Azure', () => {
    const call = { origin: '', path: '', body: new Uint8Array(0), now: 0 };
    expect(azureOpenai.authorizer('key-1', configOf('https://r.openai.azure.com'))(call)).toEqual(['api-key', 'key-1']);
  });
});
