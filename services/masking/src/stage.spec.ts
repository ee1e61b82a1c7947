import { describe, expect, it } from 'vitest';
import { stageUnderTest, storeWith } from './testing-stage.ts';

const chat = (...contents: unknown[]) => ({ model: 'sim', messages: contents.map((content) => ({ role: 'user', content })) });

function bodyOf(outcome: { readonly kind: string; readonly body?: Uint8Array }): unknown {
  return outcome.body === undefined ? undefined : JSON.parse(new TextDecoder().decode(outcome.body));
}

describe('the masking stage', () => {
  it('replaces values, tells ingress the table and forwards the changed body', async () => {
    const { outcome, tables } = await stageUnderTest().run(chat('write to a@b.io or c@d.io'));
    expect(outcome).toMatchObject({
      kind: 'forward',
      found: { entities: { EMAIL_ADDRESS: 2 } },
      guards: [{ guard: 'masking', ran: true, action: 'redact' }],
    });
    expect(tables).toEqual([{ '<EMAIL_ADDRESS_1>': 'a@b.io', '<EMAIL_ADDRESS_2>': 'c@d.io' }]);
    expect(bodyOf(outcome as never)).toEqual(chat('write to <EMAIL_ADDRESS_1> or <EMAIL_ADDRESS_2>'));
  });

  it('forwards a clean body untouched and sends no table', async () => {
    const { outcome, tables } = await stageUnderTest().run(chat('hello'));
    expect(outcome).toEqual({ kind: 'forward', found: { entities: {} }, guards: [{ guard: 'masking', ran: true, action: 'allow' }] });
    expect(tables).toEqual([]);
  });

  it('refuses a blocked entity by its type and never by its value', async () => {
    const stage = stageUnderTest(storeWith({ entities: { CREDIT_CARD: 'block', EMAIL_ADDRESS: 'mask' } }));
    const { outcome, tables } = await stage.run(chat('a@b.io pays with 4111111111111111'));
    expect(outcome).toMatchObject({
      kind: 'refuse',
      error: { code: 'content_policy_violation' },
      guards: [{ guard: 'masking', ran: true, action: 'block' }],
    });
    const message = outcome.kind === 'refuse' ? outcome.error.message : '';
    expect(message).toContain('CREDIT_CARD');
    expect(message).not.toContain('4111');
    expect(tables).toEqual([]);
  });

  it('says that it did not run where the policy masks nothing', async () => {
    const { outcome } = await stageUnderTest(storeWith({ entities: {} })).run(chat('a@b.io'));
    expect(outcome).toEqual({ kind: 'forward', guards: [{ guard: 'masking', ran: false, reason: 'policy' }] });
  });

  it('says which types of the policy nothing looks for', async () => {
    const { outcome } = await stageUnderTest(storeWith({ entities: { EMAIL_ADDRESS: 'mask', PERSON: 'mask' } })).run(chat('hello'));
    expect(outcome).toMatchObject({ guards: [{ guard: 'masking' }, { guard: 'masking.PERSON', ran: false, reason: 'unsupported' }] });
  });

  it('refuses a body that is not JSON', async () => {
    const { outcome } = await stageUnderTest().run(new TextEncoder().encode('{"a'));
    expect(outcome).toMatchObject({
      kind: 'refuse',
      error: { code: 'invalid_request' },
      guards: [{ guard: 'masking', ran: false, reason: 'error' }],
    });
  });

  it('refuses where it does not know the policy', async () => {
    const { outcome } = await stageUnderTest().run(chat('a@b.io'), { policy: 'unknown' });
    expect(outcome).toMatchObject({ kind: 'refuse', error: { code: 'stage_unavailable' } });
  });

  it('takes a new snapshot from the next request on', async () => {
    const store = { current: storeWith({ entities: {} }).current };
    const stage = stageUnderTest(store);
    await stage.run(chat('a@b.io'));
    store.current = storeWith({ entities: { EMAIL_ADDRESS: 'mask' } }).current;
    expect((await stage.run(chat('a@b.io'))).tables).toHaveLength(1);
  });

  it('counts entities by type and action', async () => {
    const stage = stageUnderTest(storeWith({ entities: { EMAIL_ADDRESS: 'mask', IP_ADDRESS: 'allow' } }));
    await stage.run(chat('a@b.io and c@d.io at 10.0.0.1'));
    const metrics = await stage.metrics.metrics();
    expect(metrics).toContain('sluice_masking_entities_total{type="EMAIL_ADDRESS",action="mask"} 2');
    expect(metrics).toContain('sluice_masking_entities_total{type="IP_ADDRESS",action="allow"} 1');
  });
});
