import type { WireFormat } from '@sluice/dialects';
import type { Endpoint } from './endpoint.ts';

/** For how long a wire that a provider did not have is left out: it may be given a newer version meanwhile. */
const rememberedMs = 10 * 60_000;

/** Wires that a provider turned out not to have, where its adapter could only guess. One for each provider. */
export class MissingWires {
  readonly #until = new Map<WireFormat, number>();

  /** The first endpoint whose wire is not known to be missing; the last one where all are. */
  choose(endpoints: readonly Endpoint[], now: number): Endpoint | undefined {
    return endpoints.find(({ wire }) => (this.#until.get(wire.format) ?? 0) <= now) ?? endpoints.at(-1);
  }

  add(format: WireFormat, now: number): void {
    this.#until.set(format, now + rememberedMs);
  }
}
