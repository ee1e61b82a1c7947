import { bedrockSaid, bedrockStreamSaid } from './extract/bedrock.ts';
import { chatSaid, chatStreamSaid } from './extract/chat.ts';
import { cohereSaid, cohereStreamSaid } from './extract/cohere.ts';
import { completionSaid } from './extract/completions.ts';
import { cohereVectors, openaiVectors, vertexVectors, type Vectors } from './extract/embeddings.ts';
import { geminiSaid, geminiStreamSaid } from './extract/gemini.ts';
import { messageSaid, messageStreamSaid } from './extract/messages.ts';
import { responseSaid, responseStreamSaid } from './extract/responses.ts';
import type { Recording } from './recording.ts';
import type { Said } from './said.ts';

/** What a recording says, read from its raw bytes; undefined where it is no conversation. */
export function saidIn({ wire, streamed, values }: Pick<Recording, 'wire' | 'streamed' | 'values'>): Said | undefined {
  const [answer] = values;
  switch (wire) {
    case 'chat':
      return streamed ? chatStreamSaid(values) : chatSaid(answer);
    case 'responses':
      return streamed ? responseStreamSaid(values) : responseSaid(answer);
    case 'messages':
      return streamed ? messageStreamSaid(values) : messageSaid(answer);
    case 'gemini':
      return streamed ? geminiStreamSaid(values) : geminiSaid(answer);
    case 'bedrock':
      return streamed ? bedrockStreamSaid(values) : bedrockSaid(answer);
    case 'cohere':
      return streamed ? cohereStreamSaid(values) : cohereSaid(answer);
    case 'completions':
      return completionSaid(values);
    default:
      return undefined;
  }
}

/** The vectors of a recording; undefined where it has none. */
export function vectorsIn({ wire, values }: Pick<Recording, 'wire' | 'values'>): Vectors | undefined {
  const [answer] = values;
  if (wire === 'embeddings') return openaiVectors(answer);
  if (wire === 'cohere-embeddings') return cohereVectors(answer);
  return wire === 'vertex-embeddings' ? vertexVectors(answer) : undefined;
}
