import { setImmediate as nextTurn } from 'node:timers/promises';
import { snapshotCatalog, type Catalog, type TokenPrice, type TokenRates } from '@sluice/catalog';
import { SluiceError, type ledgerCalls, type ListedPrice, type Snapshot } from '@sluice/contracts';
import type { Database } from '@sluice/database';
import type { z } from 'zod';
import type { FindPrice } from '../ledger/rated-lines.ts';
import { datedPrices } from './dated-prices.ts';

interface Dated {
  readonly from: number;
  readonly price: TokenPrice;
}

/** Lists held in memory, those that came or were asked for last; another one is read when it is asked for by a re-rating. */
const maxLists = 100;

/** Price lists by version: those of the catalogue as configurations used them, and those that operators stored. None ever changes. */
export class PriceBook {
  readonly #database: Database;
  readonly #clock: () => number;
  /** By version, then by provider and model: newest first. */
  readonly #lists = new Map<string, Map<string, Dated[]>>();

  constructor(database: Database, clock: () => number) {
    this.#database = database;
    this.#clock = clock;
  }

  readonly find: FindPrice = (version, provider, model, at) => {
    const dated = this.#lists.get(version)?.get(keyOf(provider, model));
    // Times before the first price have the first: a list says nothing of what was before it.
    return (dated?.find(({ from }) => from <= at) ?? dated?.at(-1))?.price;
  };

  /** Reads the newest lists. */
  async load(): Promise<void> {
    const versions = await this.#database.query<{ version: string }>(
      'SELECT version FROM billing.price_list ORDER BY recorded_at DESC LIMIT $1',
      [maxLists],
    );
    for (const { version } of versions.toReversed()) await this.#read(version);
  }

  /** @throws SluiceError `not_found` where no such list is stored */
  async ensure(version: string): Promise<void> {
    const known = this.#lists.get(version);
    if (known !== undefined) this.#keep(version, known);
    else if (!(await this.#read(version)))
      throw new SluiceError('not_found', `There is no price list "${version}"; GET /admin/price-lists names those that are.`);
  }

  /** Returns whether there is such a list. */
  async #read(version: string): Promise<boolean> {
    const rows = await this.#database.query<{ provider: string; model: string; effective_from: Date; price: ListedPrice['price'] }>(
      'SELECT provider, model, effective_from, price FROM billing.price WHERE version = $1',
      [version],
    );
    if (rows.length === 0) return false;
    this.#remember(
      version,
      rows.map(({ provider, model, effective_from: from, price }) => ({ provider, model, effectiveFrom: from.toISOString(), price })),
    );
    return true;
  }

  /**
   * Stores an operator's list under a new version.
   * @throws SluiceError `conflict` where the version is taken
   */
  async store(version: string, author: string, prices: readonly ListedPrice[]): Promise<void> {
    // One statement: the list is there whole or not at all.
    const [stored] = await this.#database.query<{ count: string }>(
      `WITH list AS (
         INSERT INTO billing.price_list (version, origin, author) VALUES ($1, 'operator', $2) ON CONFLICT DO NOTHING RETURNING version
       ), prices AS (
         INSERT INTO billing.price (version, provider, model, effective_from, price)
         SELECT list.version, price.provider, price.model, price."effectiveFrom", price.price
         FROM list, json_to_recordset($3::json) AS price (provider text, model text, "effectiveFrom" timestamptz, price json)
       ) SELECT count(*) FROM list`,
      [version, author, JSON.stringify(prices)],
    );
    if (Number(stored?.count) === 0) {
      throw new SluiceError('conflict', `There is a price list "${version}"; lists never change, so give yours another name.`, {
        param: 'version',
      });
    }
    this.#remember(version, prices);
  }

  /** Stores the catalogue's list of a configuration for its targets. One with more targets and the same prices has the same version: they are added. */
  async storeCatalog(snapshot: Pick<Snapshot, 'providers' | 'models'>): Promise<void> {
    const version = snapshotCatalog(snapshot).priceVersion;
    const prices = await catalogPrices(snapshot, this.#clock());
    await this.#database.query(
      `WITH list AS (INSERT INTO billing.price_list (version, origin, author) VALUES ($1, 'catalog', 'billing') ON CONFLICT DO NOTHING)
       INSERT INTO billing.price (version, provider, model, effective_from, price)
       SELECT $1, price.provider, price.model, price."effectiveFrom", price.price
       FROM json_to_recordset($2::json) AS price (provider text, model text, "effectiveFrom" timestamptz, price json)
       ON CONFLICT DO NOTHING`,
      [version, JSON.stringify(prices)],
    );
    await this.#read(version);
  }

  async list(): Promise<z.input<typeof ledgerCalls.listPriceLists.response>> {
    const rows = await this.#database.query<{ version: string; origin: string; author: string; recorded_at: Date; prices: string }>(
      `SELECT version, origin, author, recorded_at, (SELECT count(*) FROM billing.price WHERE price.version = list.version) AS prices
       FROM billing.price_list AS list ORDER BY recorded_at DESC LIMIT 1000`,
    );
    return {
      lists: rows.map((row) => ({
        version: row.version,
        origin: row.origin,
        author: row.author,
        recordedAt: row.recorded_at.getTime(),
        prices: Number(row.prices),
      })),
    };
  }

  #remember(version: string, prices: readonly ListedPrice[]): void {
    const list = new Map<string, Dated[]>();
    for (const { provider, model, effectiveFrom, price } of prices) {
      const key = keyOf(provider, model);
      const dated = list.get(key) ?? [];
      dated.push({ from: Date.parse(effectiveFrom), price: tokenPrice(price) });
      list.set(key, dated);
    }
    for (const dated of list.values()) dated.sort((one, other) => other.from - one.from);
    this.#keep(version, list);
  }

  #keep(version: string, list: Map<string, Dated[]>): void {
    this.#lists.delete(version);
    this.#lists.set(version, list);
    const oldest = this.#lists.keys().next();
    if (this.#lists.size > maxLists && oldest.value !== undefined) this.#lists.delete(oldest.value);
  }
}

/** What the catalogue says of each target, by the days on which it changes. */
async function catalogPrices(snapshot: Pick<Snapshot, 'providers' | 'models'>, now: number): Promise<ListedPrice[]> {
  const targets = new Map(
    snapshot.models.flatMap((model) => model.targets).map(({ provider, model }) => [keyOf(provider, model), { provider, model }]),
  );
  const catalogs = new Map<number, Catalog>();
  const catalogAt = (at: number): Catalog => {
    const known = catalogs.get(at) ?? snapshotCatalog(snapshot, () => at);
    catalogs.set(at, known);
    return known;
  };
  const prices: ListedPrice[] = [];
  for (const { provider, model } of targets.values()) {
    const priceAt = (at: number) => {
      const price = catalogAt(at).find(provider, model)?.price;
      return price && listedPrice(price);
    };
    for (const { from, price } of datedPrices(priceAt, now))
      prices.push({ provider, model, effectiveFrom: new Date(from).toISOString(), price });
    await nextTurn(); // a target takes milliseconds, and the ledger runs beside
  }
  return prices;
}

function listedPrice({ rates, tiers }: TokenPrice): ListedPrice['price'] {
  return { ...ratesText(rates), tiers: tiers.map((tier) => ({ aboveInputTokens: tier.aboveInputTokens, ...ratesText(tier.rates) })) };
}

function ratesText({ input, output, cachedInput, cacheWrite }: TokenRates) {
  return { input: input.toString(), output: output.toString(), cachedInput: cachedInput.toString(), cacheWrite: cacheWrite.toString() };
}

function tokenPrice({ tiers, ...rates }: ListedPrice['price']): TokenPrice {
  const longestFirst = tiers.toSorted((one, other) => other.aboveInputTokens - one.aboveInputTokens);
  return {
    rates: tokenRates(rates),
    tiers: longestFirst.map((tier) => ({ aboveInputTokens: tier.aboveInputTokens, rates: tokenRates(tier) })),
  };
}

function tokenRates({ input, output, cachedInput, cacheWrite }: Record<keyof TokenRates, string>): TokenRates {
  return { input: BigInt(input), output: BigInt(output), cachedInput: BigInt(cachedInput), cacheWrite: BigInt(cacheWrite) };
}

function keyOf(provider: string, model: string): string {
  return `${provider}\n${model}`;
}
