import { snapshotCatalog } from '@sluice/catalog';
import type { Snapshot } from '@sluice/contracts';
import type { PriceCall } from './estimate-attempts.ts';
import { ModelDirectory } from './model-directory.ts';
import { priceCalls } from './price-calls.ts';
import { RouteTable } from './route-table.ts';

/** What the edge makes of a configuration, once for each. */
export interface EdgeConfiguration {
  readonly routes: RouteTable;
  readonly directory: ModelDirectory;
  readonly price: PriceCall;
}

export function compileEdge(snapshot: Snapshot): EdgeConfiguration {
  const catalog = snapshotCatalog(snapshot);
  return { routes: new RouteTable(snapshot), directory: new ModelDirectory(snapshot, catalog), price: priceCalls(catalog) };
}
