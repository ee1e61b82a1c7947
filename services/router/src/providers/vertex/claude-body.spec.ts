import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toVertexClaude, toVertexClaudeBytes } from './claude-body.ts';

const change = (text: string): string => Buffer.from(toVertexClaudeBytes(Buffer.from(text))).toString();

describe('a request to Claude at Vertex', () => {
  it('has the version in place of the model, and is otherwise as the client wrote it', () => {
    const body =
      '{"max_tokens":5, "model" : "claude-x", "system":[{"type":"text","text":"S","cache_control":{"type":"ephemeral","ttl":"1h"}}],"top_k":1.0}';
    expect(change(body)).toBe(body.replace('"model" : "claude-x"', '"anthropic_version":"vertex-2023-10-16"'));
  });

  it('keeps the version that a client names', () => {
    expect(JSON.parse(change('{"model":"m","anthropic_version":"mine","a":1}'))).toEqual({ anthropic_version: 'mine', a: 1 });
  });

  it('loses every model that it names', () => {
    expect(JSON.parse(change('{"model":"m","x":1,"mod\\u0065l":"n"}'))).toEqual({ anthropic_version: 'vertex-2023-10-16', x: 1 });
  });

  it('leaves models alone that stand deeper', () => {
    expect(JSON.parse(change('{"metadata":{"model":"a"},"model":"m"}'))).toEqual({
      metadata: { model: 'a' },
      anthropic_version: 'vertex-2023-10-16',
    });
  });

  it('is the same as bytes and as an object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (members, model) => {
        const body = { ...members, model };
        expect(JSON.parse(change(JSON.stringify(body)))).toEqual(JSON.parse(JSON.stringify(toVertexClaude(body))));
      }),
    );
  });
});
