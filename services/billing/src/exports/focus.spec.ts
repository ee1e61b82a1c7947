import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ChargeRow } from './export-charges.ts';
import { focusFaults, mandatoryColumns } from './focus-rules.ts';
import { focusColumns, focusRow } from './focus.ts';

const now = Date.UTC(2026, 10, 15);
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((text) => /\S/.test(text));
const charge: fc.Arbitrary<ChargeRow> = fc.record({
  day: fc.constantFrom('2026-10-31', '2026-11-01', '2026-11-14', '2024-02-29', '2026-12-31'),
  dimension: fc.constant('00000000-0000-0000-0000-000000000000'),
  organization: name,
  team: name,
  key_id: name,
  user_name: fc.oneof(name, fc.constant('')),
  tags: fc.dictionary(name, fc.string(), { maxKeys: 4 }),
  entry_kind: fc.constantFrom('usage', 'rerating', 'credit', 'late'),
  provider: fc.oneof(name, fc.constant('')),
  model: fc.oneof(name, fc.constant('')),
  kind: fc.constantFrom('input', 'output', 'usage', 'reserved', 'unattributed', 'credit'),
  price_version: fc.oneof(name, fc.constant('')),
  priced: fc.boolean(),
  lines: fc.nat().map(String),
  tokens: fc.nat().map(String),
  amount: fc.bigInt(-(10n ** 20n), 10n ** 20n).map(String),
});

it('makes rows as FOCUS 1.2 asks, of whatever was charged', () => {
  fc.assert(
    fc.property(charge, (row) => {
      expect(focusFaults(focusRow(row, now))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

it('has every mandatory column, and ours under x_ only', () => {
  expect(mandatoryColumns.filter((column) => !focusColumns.some((known) => known === column))).toEqual([]);
  expect(focusColumns.filter((column) => !/^[A-Z]/.test(column))).toEqual(['x_PriceVersion']);
});

const sample: ChargeRow = {
  day: '2026-10-05',
  dimension: '',
  organization: 'acme',
  team: 'support',
  key_id: 'key_1',
  user_name: 'ann',
  tags: { project: 'alpha' },
  entry_kind: 'usage',
  provider: 'openai',
  model: 'gpt-4o',
  kind: 'output',
  price_version: 'list-1',
  priced: true,
  lines: '3',
  tokens: '164',
  amount: '98400',
};

it('tells usage in tokens and USD', () => {
  expect(focusRow(sample, now)).toMatchObject({
    BilledCost: '0.000098400',
    ConsumedQuantity: '164',
    PricingUnit: 'Tokens',
    ChargeCategory: 'Usage',
    SkuId: 'openai/gpt-4o/output',
    BillingPeriodStart: '2026-10-01T00:00:00Z',
    BillingPeriodEnd: '2026-11-01T00:00:00Z',
    Tags: '{"project":"alpha","sluice:key":"key_1","sluice:user":"ann"}',
    x_PriceVersion: 'list-1',
  });
});

it('calls what changes a closed period a correction, and an open one not', () => {
  const adjusted = { ...sample, entry_kind: 'rerating', amount: '-5' };
  expect(focusRow(adjusted, now)).toMatchObject({ ChargeCategory: 'Adjustment', ChargeClass: 'Correction', BilledCost: '-0.000000005' });
  expect(focusRow({ ...adjusted, day: '2026-11-05' }, now)).not.toHaveProperty('ChargeClass');
});

it('finds rows at fault', () => {
  const good = focusRow(sample, now);
  expect(focusFaults({ ...good, BilledCost: '1e3' })).toEqual(['BilledCost is no decimal: 1e3']);
  expect(focusFaults({ ...good, ChargeCategory: 'Refund' })).toContain('ChargeCategory may not be Refund');
  expect(focusFaults({ ...good, ConsumedQuantity: '-1' })).toEqual(['ConsumedQuantity must be positive']);
  expect(focusFaults({ ...good, ChargeCategory: 'Credit' })).toContain('ConsumedQuantity must be null');
  expect(focusFaults({ ...good, RegionId: 'eu' })).toEqual(['RegionId must be null']);
  expect(focusFaults({ ...good, ChargePeriodEnd: '2026-11-02T00:00:00Z' })).toEqual(['the charge period must lie in the billing period']);
});
