import { readClientAnswer, type ClientAnswer, type ClientDialect, type conversationDialects } from './client-answer.ts';
import { clientRequest, pathsOfDialects } from './client-request.ts';
import { saidIn } from './expectation.ts';
import type { FakeUpstream } from './fake-upstream.ts';
import { modelName, type RecordedGateway } from './gateway.ts';
import { at, listAt, textAt } from './json-path.ts';
import type { Recording } from './recording.ts';
import type { Call } from './said.ts';
import type { WireKind } from './wire.ts';

type ConversationDialect = (typeof conversationDialects)[number];

/** What the client's tool answers; in no recording. */
const toolResult = 'the tool says quokka';
const timeoutMs = 20_000;

/**
 * Answers a plain recording as a client does: with what it was told, the results of its tools, and another question. What the
 * model called and the proofs of its thoughts must reach its provider again.
 * @returns what did not, a line each
 */
export async function roundTripFaults(
  gateway: RecordedGateway,
  upstream: FakeUpstream,
  recording: Recording,
  index: number,
  dialect: ConversationDialect,
): Promise<string[]> {
  const expected = saidIn(recording);
  const first = clientRequest(dialect, modelName(index, 'real'), false, expected);
  const answer = await post(gateway, dialect, first);
  if (answer.status !== 200) return [`the first answer is ${answer.status}`];
  const second = await post(gateway, dialect, withAnswer(dialect, first, answer.values[0]));
  if (second.status !== 200) return [`the second answer is ${second.status}: ${JSON.stringify(second.values).slice(0, 300)}`];
  const sent = upstream.lastBody(index, 'real');
  const wanted = [...(expected?.calls ?? []).flatMap(marksOfCall), ...signaturesIn(recording)];
  return wanted.filter((mark) => !holds(sent, mark)).map((mark) => `${mark.slice(0, 60)} did not reach the provider again`);
}

/**
 * Answers a recording as a client does that has changed its model meanwhile: another provider must take the history, and see
 * no proof that is not its own, for it would refuse it.
 * @param other index of a recording of that provider
 */
export async function foreignProofFaults(
  gateway: RecordedGateway,
  upstream: FakeUpstream,
  { recording, index, other, dialect }: { recording: Recording; index: number; other: number; dialect: ConversationDialect },
): Promise<string[]> {
  const first = clientRequest(dialect, modelName(index, 'real'), false, saidIn(recording));
  const answer = await post(gateway, dialect, first);
  if (answer.status !== 200) return [`the first answer is ${answer.status}`];
  const second = await post(gateway, dialect, { ...withAnswer(dialect, first, answer.values[0]), model: modelName(other, 'real') });
  if (second.status !== 200) return [`the other provider answers ${second.status}: ${JSON.stringify(second.values).slice(0, 300)}`];
  const sent = upstream.lastBody(other, 'real');
  // Marked or not: a mark is the gateway's own, and no provider knows it.
  return signaturesIn(recording)
    .filter((signature) => holds(withoutGoogle(sent), signature))
    .map((signature) => `${signature.slice(0, 40)} reached another provider`);
}

async function post(gateway: RecordedGateway, dialect: ClientDialect, body: unknown): Promise<ClientAnswer> {
  const response = await fetch(gateway.url + pathsOfDialects[dialect], {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${gateway.key}`, 'anthropic-version': '2023-06-01' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  });
  return readClientAnswer(response, dialect);
}

/** The request with the answer in its history, as the official clients put it there. */
function withAnswer(dialect: ClientDialect, request: Readonly<Record<string, unknown>>, answer: unknown): Record<string, unknown> {
  const goOn = { role: 'user', content: 'Go on.' };
  if (dialect === 'responses') {
    const output = listAt(answer, 'output');
    const results = output
      .filter((item) => ['function_call', 'custom_tool_call'].includes(textAt(item, 'type')))
      .map((item) => ({ type: `${textAt(item, 'type')}_output`, call_id: textAt(item, 'call_id'), output: toolResult }));
    return { ...request, input: [{ role: 'user', content: request.input }, ...output, ...results, goOn] };
  }
  if (dialect === 'chat') {
    const message = at(answer, 'choices', 0, 'message');
    const results = listAt(message, 'tool_calls').map((call) => ({ role: 'tool', tool_call_id: textAt(call, 'id'), content: toolResult }));
    return { ...request, messages: [...listAt(request, 'messages'), message, ...results, goOn] };
  }
  const content = listAt(answer, 'content');
  const results = content
    .filter((block) => textAt(block, 'type') === 'tool_use')
    .map((block) => ({ type: 'tool_result', tool_use_id: textAt(block, 'id'), content: toolResult }));
  const next = { role: 'user', content: [...results, { type: 'text', text: goOn.content }] };
  return { ...request, messages: [...listAt(request, 'messages'), { role: 'assistant', content }, next] };
}

/** Its name, the texts of its input, and its result. */
function marksOfCall({ name, input }: Call): string[] {
  const texts = typeof input === 'string' ? [input] : Object.values(input ?? {}).filter((value) => typeof value === 'string');
  return [name, ...texts, toolResult];
}

/** Claude signs the same at Anthropic and on Bedrock (docs.claude.com, extended thinking): there a proof may pass, unmarked. */
export const claude: readonly WireKind[] = ['messages', 'bedrock'];

/** Proofs by which a provider knows its own thoughts again. */
export function signaturesIn({ wire, values }: Recording): string[] {
  const [answer] = values;
  const found = {
    messages: () => listAt(answer, 'content').map((block) => textAt(block, 'signature')),
    gemini: () => listAt(answer, 'candidates', 0, 'content', 'parts').map((part) => textAt(part, 'thoughtSignature')),
    bedrock: () =>
      listAt(answer, 'output', 'message', 'content').map((block) => textAt(block, 'reasoningContent', 'reasoningText', 'signature')),
    responses: () =>
      listAt(answer, 'output')
        .filter((item) => textAt(item, 'type') === 'reasoning')
        .map((item) => textAt(item, 'encrypted_content')),
  };
  const read = wire in found ? found[wire as keyof typeof found] : undefined; // checked in the same line
  return (read?.() ?? []).filter((signature) => signature !== '');
}

/** Google's proof of a call stands in chat where Google itself puts it; other servers of chat pass it over. */
function withoutGoogle(sent: string): string {
  return sent.replace(/"extra_content":\{"google":\{"thought_signature":"[^"]*"\}\}/g, '""');
}

/** Arguments may stand as a document or as its text, in which quotes and line ends are escaped once more. */
function holds(sent: string, mark: string): boolean {
  const once = JSON.stringify(mark).slice(1, -1);
  const twice = JSON.stringify(once).slice(1, -1);
  return [mark, once, twice].some((text) => sent.includes(text));
}
