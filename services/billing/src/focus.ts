import { decimalText } from './decimal-text.ts';
import type { ChargeRow } from './export-charges.ts';

/**
 * The 57 columns of the dataset Cost and Usage of FOCUS 1.2 (FinOps Open Cost and Usage Specification,
 * https://focus.finops.org/focus-specification/v1-2), in its alphabetical order.
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
  'ContractedUnitPrice',
  'EffectiveCost',
  'InvoiceId',
  'InvoiceIssuerName',
  'ListCost',
  'ListUnitPrice',
  'PricingCategory',
  'PricingCurrency',
  'PricingCurrencyContractedUnitPrice',
  'PricingCurrencyEffectiveCost',
  'PricingCurrencyListUnitPrice',
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
] as const;

export type FocusRow = Partial<Record<(typeof focusColumns)[number], string>>;

/** Categories by kind of entry: a re-rating adjusts, a credit note is a credit. */
const categories: Readonly<Record<string, string>> = { usage: 'Usage', rerating: 'Adjustment', credit: 'Credit' };
/** Digits of USD behind the point in nano-USD. */
const nanoDigits = 9;

/**
 * A daily charge as a row of FOCUS 1.2; absent columns are null. Usage in a currency of one (USD): all four costs are the same, there are
 * no commitments, regions or resources. Unit prices are null: an amount is rounded for each request, so no unit price times the quantity
 * would be the cost.
 */
export function focusRow(row: ChargeRow, now: number): FocusRow {
  const cost = decimalText(BigInt(row.amount), nanoDigits);
  const isUsage = row.entry_kind === 'usage';
  const model = row.model === '' ? undefined : `${row.provider}/${row.model}`;
  const priceId = model === undefined || row.price_version === '' ? undefined : `${row.price_version}/${model}/${row.kind}`;
  const period = billingPeriod(row.day);
  const quantity = isUsage ? row.tokens : undefined;
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
    ConsumedQuantity: quantity,
    ConsumedUnit: quantity && 'Tokens',
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
    SkuId: model,
    SkuMeter: row.kind,
    SkuPriceId: priceId,
    SubAccountId: `${row.organization}/${row.team}`,
    SubAccountName: row.team,
    SubAccountType: 'Team',
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
