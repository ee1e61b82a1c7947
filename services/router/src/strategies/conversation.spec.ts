import { sampleEnvelope } from '@sluice/testing';
import { describe, expect, it } from 'vitest';
import { readConversation } from './conversation.ts';
import { routeFacts } from './route-facts.ts';

const envelope = sampleEnvelope();
const said = (role: string, content: unknown) => ({ role, content });
const conversation = (body: unknown): string | undefined => readConversation(envelope, body);

describe('readConversation', () => {
  it.each([
    [{ prompt_cache_key: 'key-1', metadata: { session_id: 's' } }, 'key-1'],
    [{ conversation: 'conv_1' }, 'conv_1'],
    [{ conversation: { id: 'conv_2' } }, 'conv_2'],
    [{ metadata: { user_id: 'user_1_session_2' } }, 'user_1_session_2'],
    [{ metadata: { user_id: 'user', thread_id: 'thread' } }, 'thread'],
    [{ previous_response_id: 'resp_1', input: 'next' }, 'resp_1'],
  ])('takes what the client says: %j', (body, expected) => {
    expect(conversation(body)).toBe(expected);
  });

  it('is the same in every turn', () => {
    const first = [said('system', 'Be brief.'), said('user', 'Hello')];
    const next = [...first, said('assistant', 'Hi'), said('user', 'What is the time?')];
    expect(conversation({ messages: next })).toBe(conversation({ messages: first }));
  });

  it.each([
    ['the first message', { messages: [said('system', 'Be brief.'), said('user', 'Bye')] }],
    ['the instructions', { messages: [said('system', 'Be long.'), said('user', 'Hello')] }],
  ])('differs by %s', (_, body) => {
    expect(conversation(body)).not.toBe(conversation({ messages: [said('system', 'Be brief.'), said('user', 'Hello')] }));
  });

  it('differs by key and user', () => {
    const body = { messages: [said('user', 'Hello')] };
    const otherKey = { ...envelope, principal: { ...envelope.principal, keyId: 'key_other' } };
    const ids = [
      readConversation(envelope, body),
      readConversation(otherKey, body),
      readConversation({ ...envelope, user: 'alice' }, body),
    ];
    expect(new Set(ids).size).toBe(3);
  });

  it('reads the shapes of all dialects alike', () => {
    const ids = [
      { messages: [said('developer', 'Be brief.'), said('user', [{ type: 'text', text: 'Hello' }])] },
      { instructions: 'Be brief.', input: 'Hello' },
      { instructions: 'Be brief.', input: [said('user', [{ type: 'input_text', text: 'Hello' }])] },
      { system: [{ type: 'text', text: 'Be brief.' }], messages: [said('user', 'Hello')] },
    ].map(conversation);
    expect(new Set(ids).size).toBe(1);
  });

  it.each([
    [undefined],
    ['text'],
    [{}],
    [{ messages: [] }],
    [{ messages: [null, { role: 'user', content: [{ type: 'image' }] }] }],
    [{ input: [1, 2] }],
  ])('knows none in %j', (body) => {
    expect(conversation(body)).toBeUndefined();
  });
});

describe('routeFacts', () => {
  it('gives the first and the last text of the user, and parses once', () => {
    let parsed = 0;
    const facts = routeFacts(envelope, () => {
      parsed += 1;
      return {
        messages: [said('user', 'First'), said('assistant', 'Yes?'), said('user', [{ type: 'image' }, { type: 'text', text: 'Last' }])],
      };
    });
    expect([facts.opening?.(), facts.prompt?.(), facts.conversation?.() === undefined]).toEqual(['First', 'Last', false]);
    expect(parsed).toBe(1);
  });

  it('does not parse what nobody asks for', () => {
    routeFacts(envelope, () => {
      throw new Error('parsed');
    });
  });
});
