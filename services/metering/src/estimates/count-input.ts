import { loadTokenCounter, type CountTokens } from '@sluice/catalog';
import { isRecord, type Dialect } from '@sluice/contracts';
import { clientCodec, estimateInputTokens } from '@sluice/dialects';

/** Longer texts are counted in part and the count drawn out: 32 KB take some milliseconds, and metering answers everybody. */
const longestCounted = 32_768;

/** Counts the input of a request's body with a tokenizer, which is loaded when first needed. */
export class InputCounter {
  #loading: Promise<CountTokens> | undefined;

  /** Undefined where the body is not what its dialect says; the router refuses it then. */
  async count(dialect: Dialect, body: Uint8Array): Promise<number | undefined> {
    this.#loading ??= loadTokenCounter();
    const countTokens = await this.#loading;
    const codec = clientCodec(dialect);
    if (codec === undefined) return undefined;
    const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
    try {
      const value: unknown = JSON.parse(text);
      if (!isRecord(value)) return undefined;
      const request = codec.decodeRequest(value);
      return Math.ceil(estimateInputTokens(request, (part) => countInPart(part, countTokens)));
    } catch {
      return undefined;
    }
  }
}

function countInPart(text: string, countTokens: CountTokens): number {
  if (text.length <= longestCounted) return countTokens(text);
  return (countTokens(text.slice(0, longestCounted)) / longestCounted) * text.length;
}
