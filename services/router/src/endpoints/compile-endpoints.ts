import type { Dialect } from '@sluice/contracts';
import { clientCodec } from '@sluice/dialects';
import type { Wire } from '../providers/provider-adapter.ts';
import { embeddingsEndpoint } from './embeddings-endpoint.ts';
import type { Endpoint } from './endpoint.ts';
import { nativeEndpoint } from './native-endpoint.ts';
import { translatedEndpoint, type WireOptions } from './translated-endpoint.ts';

export interface EndpointOptions extends Omit<WireOptions, 'wire'> {
  readonly clock: () => number;
}

/**
 * The ways in which a dialect reaches a target, the best first: the wire that speaks it, then the others in the
 * adapter's order. Empty where there is none.
 */
export function compileEndpoints(dialect: Dialect, wires: readonly Wire[], options: EndpointOptions): readonly Endpoint[] {
  const native = wires
    .filter((wire) => wire.format === dialect)
    .map((wire) => nativeEndpoint(dialect, wire, options.basePath, options.model));
  return [...native, ...wires.filter((wire) => wire.format !== dialect).flatMap((wire) => translation(dialect, wire, options) ?? [])];
}

function translation(dialect: Dialect, wire: Wire, options: EndpointOptions): Endpoint | undefined {
  if (dialect === 'openai-embeddings') {
    return wire.embeddings === undefined ? undefined : embeddingsEndpoint({ ...options, wire, codec: wire.embeddings });
  }
  const client = clientCodec(dialect);
  if (client === undefined || wire.codec === undefined) return undefined;
  return translatedEndpoint({ ...options, wire, client, codec: wire.codec });
}
