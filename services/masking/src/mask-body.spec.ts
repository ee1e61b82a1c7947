import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskBody } from './mask-body.ts';
import { maskText } from './mask-text.ts';
import { compilePlan } from './plan.ts';
import { recognisers } from './recognisers/index.ts';

const standard = compilePlan({
  entities: { EMAIL_ADDRESS: 'mask', CREDIT_CARD: 'mask', PHONE_NUMBER: 'mask', IBAN_CODE: 'mask', IP_ADDRESS: 'mask' },
  minScore: 0.5,
});
const everything = compilePlan({ entities: Object.fromEntries(recognisers.map(({ type }) => [type, 'mask' as const])), minScore: 0.5 });

const values = [
  'jane.doe@example.com',
  'x+y@mail.example.org',
  '4111 1111 1111 1111',
  '378282246310005',
  '+442079460958',
  '(212) 555-0187',
  'DE89370400440532013000',
  '10.20.30.40',
  '2001:db8::42',
];
const planted = fc.constantFrom(...values);
/** Arbitrary text around planted values; a letter on each side keeps the surroundings from becoming part of them. */
const text = fc
  .array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 30 }), planted), { maxLength: 6 })
  .map((parts) => parts.map(([before, value]) => `${before} say ${value} end `).join(''));

function unmask(masked: string, table: Readonly<Record<string, string>>): string {
  return masked.replace(/<[A-Z][A-Z0-9_]*_\d+>/g, (placeholder) =>
    Object.hasOwn(table, placeholder) ? (table[placeholder] ?? '') : placeholder,
  );
}

describe('maskBody', () => {
  it('is undone by its table', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 4 }), async (texts) => {
        const body = { messages: texts.map((content) => ({ role: 'user', content })) };
        const masked = await maskBody('openai-chat', body, everything);
        const { messages } = masked.body as typeof body; // maskBody keeps the shape of what it is given
        expect(messages.map(({ content }) => unmask(content, masked.table))).toEqual(texts);
      }),
    );
  });

  it('leaves no original anywhere: parts, tool arguments, names, metadata', async () => {
    await fc.assert(
      fc.asyncProperty(text, planted, async (content, value) => {
        const body = {
          user: value,
          metadata: { owner: value },
          messages: [
            { role: 'system', content: `You serve ${value} only` },
            { role: 'user', name: 'someone', content: [{ type: 'text', text: `${content} ${value}` }] },
            {
              role: 'assistant',
              content: null,
              tool_calls: [
                {
                  id: 'c',
                  type: 'function',
                  function: { name: 'f', arguments: JSON.stringify({ to: value, list: [content, { deep: `"${value}"` }] }) },
                },
              ],
            },
            { role: 'tool', tool_call_id: 'c', content: JSON.stringify({ result: value }) },
          ],
          tools: [{ type: 'function', function: { name: 'f', description: `Ask ${value}` } }],
        };
        const { body: masked } = await maskBody('openai-chat', body, standard);
        const printed = JSON.stringify(masked);
        for (const original of values) expect(printed.includes(original) && JSON.stringify(body).includes(original)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it('replaces a value everywhere once its surroundings give it away somewhere', async () => {
    const body = {
      messages: [
        { role: 'user', content: '5550123456' },
        { role: 'user', content: 'my phone is 5550123456' },
      ],
    };
    const masked = await maskBody('openai-chat', body, standard);
    expect(masked.body).toEqual({
      messages: [
        { role: 'user', content: '<PHONE_NUMBER_1>' },
        { role: 'user', content: 'my phone is <PHONE_NUMBER_1>' },
      ],
    });
  });

  it('keeps the bytes of the beginning as a conversation grows', async () => {
    const first = { messages: [{ role: 'user', content: 'a@b.io and c@d.io' }] };
    const second = { messages: [...first.messages, { role: 'user', content: 'c@d.io, e@f.io' }] };
    const [one, two] = [await maskBody('openai-chat', first, standard), await maskBody('openai-chat', second, standard)];
    const prefix = JSON.stringify(one.body).slice(0, -2);
    expect(JSON.stringify(two.body).startsWith(prefix)).toBe(true);
    expect(two.table['<EMAIL_ADDRESS_3>']).toBe('e@f.io');
  });

  it('never uses a placeholder that the user wrote', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 6 }), async (numbers) => {
        const own = numbers.map((number) => `<EMAIL_ADDRESS_${number}>`);
        const body = { messages: [{ role: 'user', content: `${own.join(' ')} a@b.io` }] };
        const { table } = await maskBody('openai-chat', body, standard);
        expect(Object.keys(table).filter((placeholder) => own.includes(placeholder))).toEqual([]);
        expect(Object.values(table)).toEqual(['a@b.io']);
      }),
    );
  });

  it('finds nothing more in what is masked already', async () => {
    await fc.assert(
      fc.asyncProperty(text, async (content) => {
        const once = await maskText(content, standard);
        const twice = await maskText(once.text, standard);
        expect(twice.text).toBe(once.text);
      }),
    );
  });

  it('takes any JSON without throwing and returns the same object where nothing is found', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.jsonValue(), async (one, other) => {
        for (const body of [one, { messages: one, metadata: other, user: other }, { messages: [one, { role: 'user', content: other }] }]) {
          const masked = await maskBody('openai-chat', body, everything);
          if (Object.keys(masked.table).length === 0) expect(masked.body).toBe(body);
        }
      }),
    );
  });

  it('gives names placeholders that providers take as names', async () => {
    const body = { user: 'a@b.io', messages: [{ role: 'user', content: 'I am a@b.io' }] };
    expect((await maskBody('openai-chat', body, standard)).body).toMatchObject({ user: 'EMAIL_ADDRESS_1' });
  });
});
