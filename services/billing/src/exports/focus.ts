import { decimalText } from '../decimal-text.ts';
import type { ChargeRow } from './export-charges.ts';

/**
 * Columns of the dataset Cost and Usage of FOCUS 1.2 (FinOps Open Cost and Usage Specification,
 * https://focus.finops.org/focus-specification/v1-2), in its alphabetical order; then one of ours, led by `x_` as it asks. Left out are the
 * four unit prices: they may not be null for usage and times the quantity must be the cost, but amounts are rounded for each request.
 */
export const focusColumns = [
  'AvailabilityZone',
  'BilledCost',
  'BillingAccountId',
  'BillingAccountName',
  'BillingAccountType',
  'BillingCurrency',
  'BillingPeriodEnd',
  'BillingPeriodStart',
  'CapacityReservationId',
  'CapacityReservationStatus',
  'ChargeCategory',
  'ChargeClass',
  'ChargeDescription',
  'ChargeFrequency',
  'ChargePeriodEnd',
  'ChargePeriodStart',
  'CommitmentDiscountCategory',
  'CommitmentDiscountId',
  'CommitmentDiscountName',
  'CommitmentDiscountQuantity',
  'CommitmentDiscountStatus',
  'CommitmentDiscountType',
  'CommitmentDiscountUnit',
  'ConsumedQuantity',
  'ConsumedUnit',
  'ContractedCost',
  'EffectiveCost',
  'InvoiceId',
  'InvoiceIssuerName',
  'ListCost',
  'PricingCategory',
  'PricingCurrency',
  'PricingCurrencyEffectiveCost',
  'PricingQuantity',
  'PricingUnit',
  'ProviderName',
  'PublisherName',
  'RegionId',
  'RegionName',
  'ResourceId',
  'ResourceName',
  'ResourceType',
  'ServiceCategory',
  'ServiceName',
  'ServiceSubcategory',
  'SkuId',
  'SkuMeter',
  'SkuPriceDetails',
  'SkuPriceId',
  'SubAccountId',
  'SubAccountName',
  'SubAccountType',
  'Tags',
  'x_PriceVersion',
] as const;

export type FocusRow = Partial<Record<(typeof focusColumns)[number], string>>;

/** Categories by kind of entry: re-ratings and late ends adjust (they take back too, and a quantity of usage is positive), a credit note is a credit. */
const categories: Readonly<Record<string, string>> = { usage: 'Usage', rerating: 'Adjustment', late: 'Adjustment', credit: 'Credit' };
/** Digits of USD behind the point in nano-USD. */
const nanoDigits = 9;

/**
 * A daily charge as a row of FOCUS 1.2; absent columns are null. Usage in a currency of one (USD): all four costs are the same, there are
 * no commitments, regions or resources.
 */
export function focusRow(row: ChargeRow, now: number): FocusRow {
  const cost = decimalText(BigInt(row.amount), nanoDigits);
  const isUsage = row.entry_kind === 'usage';
  const model = row.model === '' ? undefined : `${row.provider}/${row.model}`;
  // One meter a SKU, and no version: an id stays the same while its price changes.
  const sku = isUsage || model !== undefined ? `${model ?? 'sluice'}/${row.kind}` : undefined;
  const period = billingPeriod(row.day);
  const quantity = isUsage ? row.tokens : undefined;
  const consumed = quantity === '0' ? undefined : quantity;
  const columns: Record<string, string | undefined> = {
    BilledCost: cost,
    ContractedCost: cost,
    EffectiveCost: cost,
    ListCost: cost,
    BillingAccountId: row.organization,
    BillingAccountName: row.organization,
    BillingAccountType: 'Organization',
    BillingCurrency: 'USD',
    ...period,
    ChargePeriodStart: `${row.day}T00:00:00Z`,
    ChargePeriodEnd: dayAfter(row.day),
    ChargeCategory: categories[row.entry_kind] ?? 'Adjustment',
    // Within the current billing period a correction is none yet.
    ChargeClass: isUsage || Date.parse(period.BillingPeriodEnd) > now ? undefined : 'Correction',
    ChargeDescription: [row.entry_kind === 'usage' ? 'tokens' : row.entry_kind, row.kind, model].filter(Boolean).join(' '),
    ChargeFrequency: 'Usage-Based',
    ConsumedQuantity: consumed,
    ConsumedUnit: consumed && 'Tokens',
    PricingQuantity: quantity,
    PricingUnit: quantity && 'Tokens',
    PricingCategory: isUsage ? 'Standard' : undefined,
    PricingCurrency: 'USD',
    PricingCurrencyEffectiveCost: cost,
    InvoiceIssuerName: 'Sluice',
    ProviderName: 'Sluice',
    PublisherName: row.provider === '' ? 'Sluice' : row.provider,
    ServiceCategory: 'AI and Machine Learning',
    ServiceSubcategory: 'Generative AI',
    ServiceName: 'Sluice AI Gateway',
    SkuId: sku,
    SkuMeter: sku && row.kind,
    SkuPriceId: sku,
    SubAccountId: `${row.organization}/${row.team}`,
    SubAccountName: row.team,
    SubAccountType: 'Team',
    x_PriceVersion: row.price_version === '' ? undefined : row.price_version,
    Tags: JSON.stringify({ ...row.tags, 'sluice:key': row.key_id, ...(row.user_name === '' ? {} : { 'sluice:user': row.user_name }) }),
  };
  return Object.fromEntries(focusColumns.flatMap((name) => (columns[name] === undefined ? [] : [[name, columns[name]]])));
}

function billingPeriod(day: string) {
  const start = new Date(`${day.slice(0, 7)}-01T00:00:00Z`);
  const end = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1));
  return { BillingPeriodStart: isoSecond(start), BillingPeriodEnd: isoSecond(end) };
}

function dayAfter(day: string): string {
  return isoSecond(new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000));
}

function isoSecond(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
