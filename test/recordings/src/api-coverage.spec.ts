import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { coverageDocument, type CoveredCell } from './api-table/coverage-document.ts';
import { startCoverageUpstream, type CoverageUpstream } from './api-table/coverage-upstream.ts';
import { coverageConfiguration, coveredProviders } from './api-table/covered-providers.ts';
import { coverCell } from './api-table/cover-cell.ts';
import { endpoints, featuresOf } from './api-table/features.ts';
import { startRouterGateway, type RecordedGateway } from './gateway.ts';

const document = join(import.meta.dirname, '..', '..', '..', 'docs', 'api-coverage.md');
const cells: CoveredCell[] = [];
let upstream: CoverageUpstream;
let gateway: RecordedGateway;

beforeAll(async () => {
  upstream = await startCoverageUpstream();
  gateway = await startRouterGateway(coverageConfiguration(upstream.url));
}, 120_000);
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

describe('a request', () => {
  it.each(coveredProviders.map((provider) => [provider.title, provider] as const))(
    'to %s arrives whole or is refused clearly',
    async (_, provider) => {
      const own: CoveredCell[] = [];
      for (const endpoint of endpoints) {
        for (const feature of featuresOf(endpoint)) {
          own.push({ provider, endpoint, feature, verdict: await coverCell(gateway, upstream, provider, endpoint, feature) });
        }
      }
      cells.push(...own);
      const wrong = own.flatMap(({ endpoint, feature, verdict }) => (verdict.kind === 'wrong' ? [[endpoint, feature, verdict.why]] : []));
      expect(wrong).toEqual([]);
    },
  );
});

describe('docs/api-coverage.md', () => {
  it('is what was found', async () => {
    await expect(await coverageDocument(cells)).toMatchFileSnapshot(document);
  });
});
