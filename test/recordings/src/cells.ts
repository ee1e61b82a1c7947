import { errorsTold, readClientAnswer, saidTo, type ClientAnswer, type ClientDialect, conversationDialects } from './client-answer.ts';
import { clientRequest, pathsOfDialects } from './client-request.ts';
import { differences } from './compare-said.ts';
import { saidIn, vectorsIn } from './expectation.ts';
import { openaiVectors } from './extract/embeddings.ts';
import type { Mode } from './fake-upstream.ts';
import { modelName, type RecordedGateway } from './gateway.ts';
import { at, textAt } from './json-path.ts';
import { misshapen } from './misshapen.ts';
import type { Recording } from './recording.ts';
import type { Said } from './said.ts';
import type { WireKind } from './wire.ts';

/** One recording asked for in one dialect. */
export interface Cell {
  readonly recording: Recording;
  readonly index: number;
  readonly dialect: ClientDialect;
  readonly mode: Mode;
}

export interface CellResult extends Cell {
  /** What is wrong; nothing: it passed. */
  readonly faults: readonly string[];
  readonly said?: Said;
  readonly requestId?: string;
}

const timeoutMs = 20_000;
const nativeDialects: Readonly<Partial<Record<WireKind, ClientDialect>>> = {
  chat: 'chat',
  responses: 'responses',
  messages: 'messages',
  completions: 'completions',
  embeddings: 'embeddings',
};

/** The dialects in which a recording can be asked for: none where no dialect leads to it. */
export function dialectsOf({ wire }: Recording): readonly ClientDialect[] {
  switch (wire) {
    case 'foreign':
      return [];
    case 'embeddings':
    case 'cohere-embeddings':
    case 'vertex-embeddings':
      return ['embeddings'];
    case 'completions':
      return ['completions'];
    default:
      return conversationDialects;
  }
}

/** Asks the gateway and judges its answer by what the raw recording says. */
export async function judgeCell(gateway: RecordedGateway, cell: Cell): Promise<CellResult> {
  const { recording, dialect } = cell;
  const expected = saidIn(recording);
  try {
    const answer = await ask(gateway, cell, expected);
    if (dialect === 'embeddings') return { ...cell, faults: vectorFaults(recording, answer) };
    if (recording.wire === 'error' || expected?.error !== undefined) return { ...cell, faults: errorFaults(recording, answer, dialect) };
    const said = saidTo(answer, dialect);
    const faults = answerFaults(cell, expected, answer);
    // What is broken in itself may end in one error instead.
    const mayFail = recording.malformed || expected?.spliced === true;
    return { ...cell, said, requestId: answer.requestId, faults: mayFail && errorsTold(answer).length === 1 ? [] : faults };
  } catch (error) {
    return { ...cell, faults: [error instanceof Error ? error.message : String(error)] };
  }
}

async function ask(gateway: RecordedGateway, { recording, index, dialect, mode }: Cell, expected: Said | undefined): Promise<ClientAnswer> {
  const body = clientRequest(dialect, modelName(index, mode), recording.streamed, expected);
  const response = await fetch(gateway.url + pathsOfDialects[dialect], {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${gateway.key}`, 'anthropic-version': '2023-06-01' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  });
  return readClientAnswer(response, dialect);
}

function answerFaults({ recording, dialect, mode }: Cell, expected: Said | undefined, answer: ClientAnswer): string[] {
  if (answer.status !== 200) return [`${answer.status}: ${errorsTold(answer).join('; ')}`];
  if (expected === undefined) return ['nothing is expected of it'];
  const found = differences(expected, saidTo(answer, dialect), dialect);
  // Bytes of the client's own format pass as they are, with the faults that they had.
  const asRecorded =
    nativeDialects[recording.wire] === dialect && (recording.malformed || misshapen(dialect, recording.values, mode !== 'bare').length > 0);
  return [...found, ...(asRecorded ? [] : answer.misshapen)];
}

/** One error in the shape of the dialect, with the status of the provider's refusal or of a gateway that has no target left. */
function errorFaults(recording: Recording, answer: ClientAnswer, dialect: ClientDialect): string[] {
  const told = errorsTold(answer);
  const faults = told.length === 1 ? [] : [`${told.length} errors: ${told.join(' | ')}`];
  const wanted = textAt(recording.values[0], 'error', 'type') === 'insufficient_quota' ? [402, 429, 503] : [400];
  if (recording.wire === 'error' && !wanted.includes(answer.status)) faults.push(`status ${answer.status}, not ${wanted.join(' or ')}`);
  if (!answer.streamed && dialect === 'messages' && textAt(answer.values[0], 'type') !== 'error')
    faults.push('no error of Anthropic’s shape');
  if (!answer.streamed && typeof at(answer.values[0], 'error', 'message') !== 'string') faults.push('no error.message');
  if (wanted.includes(400) && !told.join().includes(textAt(recording.values[0], 'error', 'message'))) faults.push(`told: ${told.join()}`);
  return faults;
}

function vectorFaults(recording: Recording, answer: ClientAnswer): string[] {
  const expected = vectorsIn(recording);
  if (expected === undefined || answer.status !== 200) return [`${answer.status}: ${errorsTold(answer).join('; ')}`];
  const found = openaiVectors(answer.values[0]);
  const faults = JSON.stringify(found.vectors) === JSON.stringify(expected.vectors) ? [] : ['the vectors are others'];
  return found.tokens === expected.tokens ? faults : [...faults, `usage input ${found.tokens}, not ${expected.tokens}`];
}
