import { isDeepStrictEqual } from 'node:util';
import { errorsTold, readClientAnswer, saidTo, type ClientAnswer } from '../client-answer.ts';
import { openaiVectors } from '../extract/embeddings.ts';
import type { RecordedGateway } from '../gateway.ts';
import { at, parseOrText, textAt } from '../json-path.ts';
import type { CoverageUpstream } from './coverage-upstream.ts';
import { modelNameOf, type CoveredProvider } from './covered-providers.ts';
import { vector } from './embedding-answer.ts';
import {
  dialectOf,
  marksOfFeatures,
  pathsOfEndpoints,
  requestFor,
  river,
  riverText,
  toolName,
  town,
  type Endpoint,
  type Feature,
} from './features.ts';

/** `pass`, `refused` with a clear 400, or what is wrong. */
export type Verdict = { readonly kind: 'pass' | 'refused' } | { readonly kind: 'wrong'; readonly why: string };

const timeoutMs = 20_000;

/** Asks one provider for one feature by one endpoint. */
export async function coverCell(
  gateway: RecordedGateway,
  upstream: CoverageUpstream,
  provider: CoveredProvider,
  endpoint: Endpoint,
  feature: Feature,
): Promise<Verdict> {
  const model = modelNameOf(provider, endpoint === 'embeddings');
  const response = await fetch(gateway.url + pathsOfEndpoints[endpoint], {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${gateway.key}`, 'anthropic-version': '2023-06-01' },
    body: JSON.stringify(requestFor(endpoint, feature, model)),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const answer = await readClientAnswer(response, dialectOf(endpoint));
  if (answer.status === 400) return judgeRefusal(answer);
  if (answer.status !== 200) return { kind: 'wrong', why: `${answer.status}: ${errorsTold(answer).join('; ')}` };
  const mark = marksOfFeatures[feature];
  if (mark !== undefined && !upstream.lastBody(provider.name).includes(mark))
    return { kind: 'wrong', why: `${feature} did not reach the provider` };
  const why = faultOf(answer, endpoint, feature);
  return why === undefined ? { kind: 'pass' } : { kind: 'wrong', why };
}

/** Clear is a refusal that says which member is at fault and what to do; or, without one, which interface the provider lacks. */
function judgeRefusal(answer: ClientAnswer): Verdict {
  const message = textAt(answer.values[0], 'error', 'message');
  return message.length > 20 ? { kind: 'refused' } : { kind: 'wrong', why: `an unclear refusal: ${message}` };
}

function faultOf(answer: ClientAnswer, endpoint: Endpoint, feature: Feature): string | undefined {
  const [value] = answer.values;
  if (endpoint === 'count_tokens') return Number(at(value, 'input_tokens')) > 0 ? undefined : 'no count';
  if (endpoint === 'embeddings') return isDeepStrictEqual(openaiVectors(value).vectors, [vector]) ? undefined : 'other vectors';
  const said = saidTo(answer, dialectOf(endpoint));
  if (answer.misshapen.length > 0) return answer.misshapen.join('; ');
  if (said.error !== undefined) return said.error;
  if (feature === 'tools') {
    const called = isDeepStrictEqual(said.calls, [{ name: toolName, input: town }]) && said.stop === 'tool-calls';
    return called ? undefined : `calls ${JSON.stringify(said.calls)}, stop ${said.stop}`;
  }
  const right = feature === 'schema' ? isDeepStrictEqual(parseOrText(said.text), river) : said.text === riverText;
  if (!right || said.stop !== 'stop') return `text ${JSON.stringify(said.text)}, stop ${said.stop}`;
  const streamed = feature === 'stream' && !answer.streamed ? 'not streamed' : undefined;
  // Usage of a chat stream comes only where it is asked for.
  const counted = (feature === 'stream' && endpoint !== 'responses' && endpoint !== 'messages') || said.usage?.output === 5;
  return streamed ?? (counted ? undefined : `usage ${JSON.stringify(said.usage)}`);
}
