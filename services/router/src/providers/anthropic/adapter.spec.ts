import { providerSchema } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { anthropic } from './adapter.ts';

const config = (baseUrl?: string) =>
  providerSchema.parse({ name: 'claude', type: 'anthropic', apiKey: '${KEY}', ...(baseUrl === undefined ? {} : { baseUrl }) });

const addresses = (baseUrl?: string) =>
  anthropic
    .wires(config(baseUrl), 'claude-opus-5')
    .map((wire) => `${anthropic.baseUrl(config(baseUrl))}${wire.path('claude-opus-5', true)}`);

describe('the adapter for Anthropic', () => {
  it('lives at Anthropic unless told', () => {
    expect(addresses()).toEqual(['https://api.anthropic.com/v1/messages', 'https://api.anthropic.com/v1/messages/count_tokens']);
  });

  it.each(['http://proxy:8080/anthropic', 'http://proxy:8080/anthropic/v1'])('takes %s with and without the version', (baseUrl) => {
    expect(addresses(baseUrl)[0]).toBe('http://proxy:8080/anthropic/v1/messages');
  });

  it('sends the key and the version in the headers of Anthropic', async () => {
    const call = { origin: 'https://api.anthropic.com', path: '/v1/messages', body: new Uint8Array(), now: 0 };
    expect(await anthropic.authorizer('key-1', config())(call)).toEqual(['x-api-key', 'key-1']);
    for (const wire of anthropic.wires(config(), 'claude-opus-5')) expect(wire.headers).toEqual(['anthropic-version', '2023-06-01']);
  });

  it('translates conversations, and counts for its own dialect only', () => {
    expect(anthropic.wires(config(), 'claude-opus-5').map((wire) => [wire.format, wire.codec !== undefined])).toEqual([
      ['anthropic-messages', true],
      ['anthropic-count-tokens', false],
    ]);
  });
});
