import { describe, expect, it } from 'vitest';
import { createCheck } from './check.ts';
import { storeWith } from './testing-stage.ts';

describe('the check of a text', () => {
  const check = createCheck(storeWith({ entities: { EMAIL_ADDRESS: 'mask', CREDIT_CARD: 'block', IP_ADDRESS: 'allow' } }));

  it('gives offsets in UTF-16 units', async () => {
    const { text, entities } = await check({ text: '😀 a@b.io', policy: 'default' });
    expect({ text, entities }).toEqual({ text: '😀 <EMAIL_ADDRESS_1>', entities: [{ type: 'EMAIL_ADDRESS', start: 3, end: 9, score: 1 }] });
  });

  it('lists and hides what the policy blocks', async () => {
    const answer = await check({ text: 'card 4111111111111111', policy: 'default' });
    expect(answer.entities.map(({ type }) => type)).toEqual(['CREDIT_CARD']);
    expect(answer.text).toBe('card <CREDIT_CARD_1>');
  });

  it('leaves what the policy allows', async () => {
    expect(await check({ text: 'at 10.0.0.1', policy: 'default' })).toEqual({ text: 'at 10.0.0.1', entities: [] });
  });

  it('refuses a policy that does not exist', async () => {
    await expect(check({ text: 'x', policy: 'none' })).rejects.toMatchObject({ code: 'invalid_request', detail: { param: 'policy' } });
  });

  it('finds a value across the border of two windows', async () => {
    const text = `${'word '.repeat(13_104)}wxyz 4111 1111 1111 1111 end`; // the number begins before character 65,536 and ends after it
    const [entity] = (await check({ text, policy: 'default' })).entities;
    expect(text.slice(entity?.start, entity?.end)).toBe('4111 1111 1111 1111');
  });
});
