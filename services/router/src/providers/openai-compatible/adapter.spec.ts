import { compatiblePresets, providerSchema } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { openaiCompatible, presetAdapters } from './adapter.ts';

const chatOf = (wires: ReturnType<typeof openaiCompatible.wires>) => wires.find((wire) => wire.format === 'openai-chat');

describe('openai-compatible', () => {
  it('needs an address, and guesses its interfaces unless they are named', () => {
    const bare = providerSchema.parse({ name: 'p', type: 'openai-compatible' });
    expect(openaiCompatible.baseUrl(bare)).toBeUndefined();
    expect(openaiCompatible.guesses?.(bare)).toBe(true);
    const named = providerSchema.parse({ name: 'p', type: 'openai-compatible', apis: ['chat', 'messages'] });
    expect(openaiCompatible.guesses?.(named)).toBe(false);
    expect(openaiCompatible.wires(named, 'm').map((wire) => wire.format)).toEqual(['openai-chat', 'anthropic-messages']);
  });

  it('writes the output limit of a translated request under the name that every server knows', () => {
    const wire = chatOf(openaiCompatible.wires(providerSchema.parse({ name: 'p', type: 'openai-compatible' }), 'm'));
    expect(wire?.adapt?.({ model: 'm', max_completion_tokens: 5 })).toEqual({ model: 'm', max_tokens: 5 });
    expect(wire?.adapt?.({ model: 'm' })).toEqual({ model: 'm' });
  });
});

describe('the presets', () => {
  it.each(compatiblePresets)('%s has an address, chat, and no guesses; an address of the configuration wins', (type) => {
    const adapter = presetAdapters[type];
    const config = providerSchema.parse({ name: 'p', type });
    expect(() => new URL(adapter.baseUrl(config) ?? '')).not.toThrow();
    expect(chatOf(adapter.wires(config, 'm'))).toBeDefined();
    expect(adapter.guesses?.(config)).toBe(false);
    const own = providerSchema.parse({ name: 'p', type, baseUrl: 'http://127.0.0.1:9/v1' });
    expect(adapter.baseUrl(own)).toBe('http://127.0.0.1:9/v1');
  });
});
