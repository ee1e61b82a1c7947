/**
 * A provider package of earlier specifications for the tests, which the current `@ai-sdk` packages no longer have: it
 * gives back what it was asked, and what the test put into its options.
 */
interface FakeOptions {
  readonly version: string;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly parts?: readonly unknown[];
  /** Told of each call's options. */
  readonly onCall?: (options: FakeCall) => void;
  /** Never answers, whatever the signal says. */
  readonly hangs?: boolean;
}

export interface FakeCall {
  readonly model: string;
  readonly options: Readonly<Record<string, unknown>>;
}

export function createFakePackage({ version, result, parts = [], onCall, hangs = false }: FakeOptions): unknown {
  const answer = (model: string, value: unknown) => (options: FakeCall['options']) => {
    onCall?.({ model, options });
    return hangs ? new Promise(() => undefined) : Promise.resolve(value);
  };
  return {
    languageModel: (model: string) => ({
      specificationVersion: version,
      doGenerate: answer(model, result),
      doStream: answer(model, { stream: ReadableStream.from(parts) }),
    }),
    textEmbeddingModel: (model: string) => ({ specificationVersion: version, doEmbed: answer(model, result) }),
  };
}
