import { type ErrorCode, SluiceError } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import type { AttemptFailure } from '../attempt-failure.ts';
import { fallbackClassOf, fallbackClassOfAnswer } from './fallback-class.ts';

function refused(message: string, status = 400, code: ErrorCode = 'invalid_request'): AttemptFailure {
  const told = new SluiceError(code, message);
  return { kind: `http_${status}`, status, disposition: 'final', error: told, told };
}

describe('fallbackClassOf', () => {
  it.each([
    ['OpenAI', "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens."],
    ['OpenAI responses', 'Your input exceeds the context window of this model. Please adjust your input and try again.'],
    ['Anthropic', 'prompt is too long: 214850 tokens > 200000 maximum'],
    ['Anthropic with max_tokens', 'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length'],
    ['Google', 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).'],
    ['Bedrock', 'Input is too long for requested model.'],
    ['Bedrock Llama', "This model's maximum context length is 8192 tokens. Please reduce the length of the prompt"],
    ['Mistral', 'Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length'],
    [
      'vLLM',
      "'max_tokens' or 'max_completion_tokens' is too large: 2000. This model's maximum context length is 4096 tokens and your request has 2104 input tokens",
    ],
    ['Groq', 'Please reduce the length of the messages or completion.'],
    ['Together', 'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097. Given: 5000 `inputs` tokens'],
    ['Cohere', 'too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4292.'],
    ['xAI', "This model's maximum prompt length is 131072 but the request contains 140000 tokens."],
    ['llama.cpp', 'the request exceeds the available context size, try increasing it'],
    ['Alibaba', 'Range of input length should be [1, 30720]'],
  ])('knows a prompt that is too long: %s', (_, message) => {
    expect(fallbackClassOf(refused(message))).toBe('contextWindow');
  });

  it('knows it by its code, and by the status 413', () => {
    expect(fallbackClassOf(refused('Too long.', 400, 'context_length_exceeded'))).toBe('contextWindow');
    expect(fallbackClassOf(refused('Please reduce the length of the messages or completion.', 413))).toBe('contextWindow');
  });

  it.each([
    ['Azure', "The response was filtered due to the prompt triggering Azure OpenAI's content management policy."],
    ['OpenAI', 'Your request was rejected as a result of our safety system.'],
    ['OpenAI reasoning', 'Invalid prompt: your prompt was flagged as potentially violating our usage policy.'],
    ['Anthropic', 'Output blocked by content filtering policy'],
    ['DeepSeek', 'Content Exists Risk'],
    ['Alibaba', 'Input data may contain inappropriate content.'],
    ['xAI', 'Content violates usage guidelines.'],
  ])('knows refused content: %s', (_, message) => {
    expect(fallbackClassOf(refused(message))).toBe('contentPolicy');
  });

  it('knows refused content by its code', () => {
    expect(fallbackClassOf(refused('No.', 400, 'content_policy_violation'))).toBe('contentPolicy');
  });

  it.each([
    [{ kind: 'http_500', status: 500, disposition: 'retry' }],
    [{ kind: 'http_429', status: 429, disposition: 'retry' }],
    [{ kind: 'http_402', status: 402, disposition: 'next' }],
    [{ kind: 'connect', status: 0, disposition: 'retry' }],
    [{ kind: 'timeout_first_token', status: 0, disposition: 'next' }],
    [{ kind: 'unsupported_dialect', status: 0, disposition: 'next' }],
  ] as const)('leads other failures to another model: %j', (failure) => {
    expect(fallbackClassOf(failure)).toBe('error');
  });

  it('does not take a rate limit on tokens for a prompt that is too long', () => {
    const told = new SluiceError('invalid_request', 'Rate limit reached: reduce the length of the messages or completion.');
    expect(fallbackClassOf({ kind: 'http_429', status: 429, disposition: 'retry', told })).toBe('error');
  });

  it('asks no other model with a request that is malformed', () => {
    expect(fallbackClassOf(refused("Unknown parameter: 'temprature'."))).toBeUndefined();
    expect(fallbackClassOf(refused('max_tokens must be at least 1'))).toBeUndefined();
  });

  it.each(['cancelled', 'deadline'])('leads nowhere once nobody waits: %s', (kind) => {
    expect(fallbackClassOf({ kind, status: 0, disposition: 'final' })).toBeUndefined();
  });

  it('reads an error event of a stream, whose status is 200', () => {
    expect(fallbackClassOf({ ...refused('prompt is too long: 2 tokens > 1 maximum', 200), disposition: 'retry' })).toBe('contextWindow');
  });

  it('does not search what a message quotes far into it', () => {
    expect(fallbackClassOf(refused(`Unknown role: ${'x'.repeat(3_000)} prompt is too long`))).toBeUndefined();
  });
});

describe('fallbackClassOfAnswer', () => {
  it.each([
    [{ finishReason: 'content_filter', isEmpty: true }, 'contentPolicy'],
    [{ finishReason: 'refusal', isEmpty: true }, 'contentPolicy'],
    [{ finishReason: 'content_filter', isEmpty: false }, undefined],
    [{ finishReason: 'stop', isEmpty: true }, undefined],
    [{ finishReason: undefined, isEmpty: true }, undefined],
  ])('of %j is %s', (end, expected) => {
    expect(fallbackClassOfAnswer(end)).toBe(expected);
  });
});
