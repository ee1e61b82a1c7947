import { focusColumns, type FocusRow } from './focus.ts';

/**
 * What FOCUS 1.2 asks of the columns that we write (specification/columns and attributes of its repository): type, whether null is allowed
 * for this row, values. Written from the specification and not from our code, to hold the one against the other.
 */
interface ColumnRule {
  readonly type: 'string' | 'decimal' | 'datetime' | 'currency' | 'tags';
  /** `never`: not null; `always`: must be null; `maybe`: either. */
  readonly isNull: (row: FocusRow) => 'never' | 'always' | 'maybe';
  readonly allowed?: readonly string[];
}

const never = () => 'never' as const;
const maybe = () => 'maybe' as const;
const always = () => 'always' as const;
const isCorrection = (row: FocusRow) => row.ChargeClass === 'Correction';
/** Not null for usage and purchases that correct nothing, null for taxes. */
const ofCharges = (row: FocusRow) => {
  if (row.ChargeCategory === 'Tax') return 'always' as const;
  return (row.ChargeCategory === 'Usage' || row.ChargeCategory === 'Purchase') && !isCorrection(row)
    ? ('never' as const)
    : ('maybe' as const);
};
const withColumn = (name: keyof FocusRow) => (row: FocusRow) => (row[name] === undefined ? ('always' as const) : ('never' as const));

/** Mandatory columns must be there; the others where the provider has what they say. */
export const mandatoryColumns: readonly string[] = [
  'BilledCost',
  'BillingAccountId',
  'BillingAccountName',
  'BillingCurrency',
  'BillingPeriodEnd',
  'BillingPeriodStart',
  'ChargeCategory',
  'ChargeClass',
  'ChargeDescription',
  'ChargePeriodEnd',
  'ChargePeriodStart',
  'ContractedCost',
  'EffectiveCost',
  'InvoiceIssuerName',
  'ListCost',
  'PricingQuantity',
  'PricingUnit',
  'ProviderName',
  'PublisherName',
  'ServiceCategory',
  'ServiceName',
];

const rules: Readonly<Record<string, ColumnRule>> = {
  BilledCost: { type: 'decimal', isNull: never },
  ContractedCost: { type: 'decimal', isNull: never },
  EffectiveCost: { type: 'decimal', isNull: never },
  ListCost: { type: 'decimal', isNull: never },
  PricingCurrencyEffectiveCost: { type: 'decimal', isNull: never },
  BillingAccountId: { type: 'string', isNull: never },
  BillingAccountName: { type: 'string', isNull: maybe },
  BillingAccountType: { type: 'string', isNull: withColumn('BillingAccountId') },
  BillingCurrency: { type: 'currency', isNull: never },
  PricingCurrency: { type: 'currency', isNull: maybe },
  BillingPeriodStart: { type: 'datetime', isNull: never },
  BillingPeriodEnd: { type: 'datetime', isNull: never },
  ChargePeriodStart: { type: 'datetime', isNull: never },
  ChargePeriodEnd: { type: 'datetime', isNull: never },
  ChargeCategory: { type: 'string', isNull: never, allowed: ['Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment'] },
  ChargeClass: { type: 'string', isNull: maybe, allowed: ['Correction'] },
  ChargeDescription: { type: 'string', isNull: maybe },
  ChargeFrequency: { type: 'string', isNull: never, allowed: ['One-Time', 'Recurring', 'Usage-Based'] },
  ConsumedQuantity: { type: 'decimal', isNull: (row) => (row.ChargeCategory === 'Usage' ? 'maybe' : 'always') },
  ConsumedUnit: { type: 'string', isNull: withColumn('ConsumedQuantity') },
  PricingQuantity: { type: 'decimal', isNull: ofCharges },
  PricingUnit: { type: 'string', isNull: withColumn('PricingQuantity') },
  PricingCategory: { type: 'string', isNull: ofCharges, allowed: ['Standard', 'Dynamic', 'Committed', 'Other'] },
  InvoiceIssuerName: { type: 'string', isNull: never },
  ProviderName: { type: 'string', isNull: never },
  PublisherName: { type: 'string', isNull: never },
  ServiceCategory: {
    type: 'string',
    isNull: never,
    allowed: [
      'AI and Machine Learning',
      'Analytics',
      'Business Applications',
      'Compute',
      'Databases',
      'Developer Tools',
      'Multicloud',
      'Identity',
      'Integration',
      'Internet of Things',
      'Management and Governance',
      'Media',
      'Migration',
      'Mobile',
      'Networking',
      'Security',
      'Storage',
      'Web',
      'Other',
    ],
  },
  ServiceSubcategory: {
    type: 'string',
    isNull: never,
    // Of the category AI and Machine Learning.
    allowed: [
      'AI Platforms',
      'Bots',
      'Generative AI',
      'Machine Learning',
      'Natural Language Processing',
      'Other (AI and Machine Learning)',
    ],
  },
  ServiceName: { type: 'string', isNull: never },
  SkuId: { type: 'string', isNull: ofCharges },
  SkuPriceId: { type: 'string', isNull: ofCharges },
  SkuMeter: { type: 'string', isNull: (row) => (row.SkuId === undefined ? 'always' : 'maybe') },
  SubAccountId: { type: 'string', isNull: maybe },
  SubAccountName: { type: 'string', isNull: (row) => (row.SubAccountId === undefined ? 'always' : 'maybe') },
  SubAccountType: { type: 'string', isNull: withColumn('SubAccountId') },
  Tags: { type: 'tags', isNull: maybe },
  x_PriceVersion: { type: 'string', isNull: maybe },
};
/** Nothing of ours has them. */
const empty: ColumnRule = { type: 'string', isNull: always };

const formats = {
  string: /\S/,
  // Numeric Format: digits, one point, a sign for what is negative only.
  decimal: /^-?\d+(?:\.\d+)?$/,
  // Date/Time Format: ISO 8601 in UTC.
  datetime: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/,
  currency: /^[A-Z]{3}$/,
  tags: /^\{.*\}$/s,
} as const;

/** Says what of a row is not as FOCUS 1.2 asks. */
export function focusFaults(row: FocusRow): string[] {
  const faults = focusColumns.flatMap((name) => {
    const { type, isNull, allowed } = rules[name] ?? empty;
    const value = row[name];
    const nullness = isNull(row);
    if (value === undefined) return nullness === 'never' ? [`${name} must not be null`] : [];
    if (nullness === 'always') return [`${name} must be null`];
    if (!formats[type].test(value)) return [`${name} is no ${type}: ${value}`];
    return allowed === undefined || allowed.includes(value) ? [] : [`${name} may not be ${value}`];
  });
  const { ConsumedQuantity: consumed, BillingPeriodStart: from = '', BillingPeriodEnd: to = '' } = row;
  const { ChargePeriodStart: start = '', ChargePeriodEnd: end = '' } = row;
  if (consumed !== undefined && !isCorrection(row) && !(Number(consumed) > 0)) faults.push('ConsumedQuantity must be positive');
  if (!(from <= start && start < end && end <= to)) faults.push('the charge period must lie in the billing period');
  if (row.ChargeCategory === 'Purchase' && row.ChargeFrequency === 'Usage-Based') faults.push('a purchase is not usage-based');
  if (row.Tags !== undefined) {
    const tags = Object.values(JSON.parse(row.Tags) as Record<string, unknown>); // an object by the format above
    if (!tags.every((tag) => tag === null || ['string', 'number', 'boolean'].includes(typeof tag)))
      faults.push('Tags hold more than values');
  }
  return faults;
}
