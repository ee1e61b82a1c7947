import { randomUUID } from 'node:crypto';
import { isRecord, SluiceError } from '@sluice/contracts';
import type { JsonObject, Losses, ModelAnswer, ModelRequest, ProviderCodec, StreamDecoder } from '@sluice/dialects';
import { encodeContents } from './encode-contents.ts';
import { encodeOptions } from './encode-options.ts';
import { encodeTools } from './encode-tools.ts';
import { foldAnswerEvents } from './fold-answer-events.ts';
import { GeminiAnswerReader } from './gemini-answer-reader.ts';
import { describeGeminiModel } from './gemini-model.ts';
import { GeminiStreamDecoder } from './gemini-stream-decoder.ts';
import { InteractionsReader, isInteraction } from './interactions-reader.ts';
import { objectsAt } from './json-fields.ts';

interface GeminiCodecOptions {
  /** Where the codec is spoken: fields that the one has are errors to the other. */
  readonly host: 'gemini-api' | 'vertex';
  /** Part of the ids of calls, for answers that bear no id themselves; random unless told. */
  readonly newId?: () => string;
}

/** `generateContent` and `streamGenerateContent?alt=sse`, as the Gemini API and Vertex speak them. */
export function geminiCodec({ host, newId = randomId }: GeminiCodecOptions): ProviderCodec {
  const atGeminiApi = host === 'gemini-api';
  return {
    encodeRequest(request: ModelRequest, model: string, losses: Losses): JsonObject {
      const facts = describeGeminiModel(model);
      return {
        ...encodeContents(request.turns, { model: facts, callIds: atGeminiApi }, losses),
        ...encodeTools(request, losses),
        ...encodeOptions(request, facts, atGeminiApi, losses),
      };
    },
    decodeAnswer(answer: unknown): ModelAnswer {
      if (isInteraction(answer)) return decodeInteraction(answer);
      if (!isRecord(answer)) throw noAnswer();
      const reader = new GeminiAnswerReader(newId);
      const events = reader.read(answer);
      // Neither an answer nor a word on why there is none.
      if (!reader.complete && objectsAt(answer, 'candidates').length === 0) throw noAnswer();
      return foldAnswerEvents([...events, ...reader.end(true)]);
    },
    createStreamDecoder: (): StreamDecoder => new GeminiStreamDecoder(newId),
  };
}

function decodeInteraction(interaction: JsonObject): ModelAnswer {
  const reader = new InteractionsReader();
  const events = reader.readWhole(interaction);
  return foldAnswerEvents([...events, ...reader.end()]);
}

function noAnswer(): SluiceError {
  return new SluiceError('provider_error', 'The provider sent something that is no answer of generateContent.');
}

function randomId(): string {
  return randomUUID().replaceAll('-', '');
}
