import { format } from 'prettier';
import { coveredProviders, type CoveredProvider } from './covered-providers.ts';
import type { Verdict } from './cover-cell.ts';
import { endpoints, features, featuresOf, pathsOfEndpoints, type Endpoint, type Feature } from './features.ts';

export interface CoveredCell {
  readonly provider: CoveredProvider;
  readonly endpoint: Endpoint;
  readonly feature: Feature;
  readonly verdict: Verdict;
}

const head = `# API coverage

What each endpoint of the gateway can ask of each kind of provider. Written by \`test/recordings/src/api-coverage.spec.ts\`, which asks
for every cell through ingress and router at a fake upstream in the provider's own format; do not edit. The test fails when a cell is neither of
these, or when this file is not what it found. To write it anew: \`npm run docs:coverage\`.

- **yes**: the answer arrived whole in the client's format, and what was asked for (the tool, the image, the schema) reached the provider.
- **400**: refused, with a message that says what is at fault.

Whether a model behind a provider can see, call tools or keep to a schema is its own matter.
\`GET /v1/models\` is answered by ingress and \`POST /v1/moderations\` by the guardrail, whatever the provider.
`;

/** The document, formatted as the repository is. */
export async function coverageDocument(cells: readonly CoveredCell[]): Promise<string> {
  const sections = endpoints.map((endpoint) => {
    const columns = features.filter((feature) => featuresOf(endpoint).includes(feature));
    const rows = coveredProviders.map((provider) => {
      const marks = columns.map((feature) =>
        markOf(cells.find((cell) => cell.provider === provider && cell.endpoint === endpoint && cell.feature === feature)),
      );
      return `| ${[provider.title, ...marks].join(' | ')} |`;
    });
    return [
      `## POST ${pathsOfEndpoints[endpoint]}`,
      '',
      `| provider | ${columns.join(' | ')} |`,
      `| --- | ${columns.map(() => '---').join(' | ')} |`,
      ...rows,
      '',
    ].join('\n');
  });
  return format([head, ...sections].join('\n'), { parser: 'markdown', printWidth: 140 });
}

function markOf(cell: CoveredCell | undefined): string {
  switch (cell?.verdict.kind) {
    case 'pass':
      return 'yes';
    case 'refused':
      return '400';
    case 'wrong':
      return 'WRONG';
    default:
      return '';
  }
}
