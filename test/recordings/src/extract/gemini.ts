import { at, listAt, numberAt, textAt } from '../json-path.ts';
import { stopOf, type Call, type Said, type Stop, type Usage } from '../said.ts';

/** What a `generateContent` answer says. */
export function geminiSaid(answer: unknown): Said {
  return geminiStreamSaid([answer]);
}

/** What a `streamGenerateContent` stream says. Its usage counts up, so the last report counts. */
export function geminiStreamSaid(events: readonly unknown[]): Said {
  const parts = events.flatMap((event) => listAt(event, 'candidates', 0, 'content', 'parts'));
  const textOf = (thought: boolean) =>
    parts
      .filter((part) => (at(part, 'thought') === true) === thought)
      .map((part) => textAt(part, 'text'))
      .join('');
  const calls = parts
    .map((part) => at(part, 'functionCall'))
    .filter((call) => call !== undefined)
    .map((call): Call => ({ name: textAt(call, 'name'), input: at(call, 'args') ?? {} }));
  const reasons = events.map((event) => textAt(event, 'candidates', 0, 'finishReason')).filter((reason) => reason !== '');
  const blocked = events.some((event) => textAt(event, 'promptFeedback', 'blockReason') !== '');
  const reports = events.map((event) => at(event, 'usageMetadata')).filter((usage) => usage !== undefined);
  const error = events.map((event) => at(event, 'error')).find((found) => found !== undefined);
  return {
    text: textOf(false),
    refusal: '',
    reasoning: textOf(true),
    calls,
    stop: blocked ? 'content-filter' : stopOf(stopReason(reasons.at(-1) ?? ''), calls),
    usage: reports.length === 0 ? undefined : usageOf(reports.at(-1)),
    ...(error === undefined ? {} : { error: textAt(error, 'message') }),
  };
}

function stopReason(word: string): Stop {
  switch (word) {
    case 'STOP':
      return 'stop';
    case 'MAX_TOKENS':
      return 'length';
    case 'SAFETY':
    case 'RECITATION':
    case 'BLOCKLIST':
    case 'PROHIBITED_CONTENT':
    case 'SPII':
    case 'IMAGE_SAFETY':
      return 'content-filter';
    default:
      return 'none';
  }
}

function usageOf(usage: unknown): Usage {
  const reasoning = numberAt(usage, 'thoughtsTokenCount');
  return {
    input: numberAt(usage, 'promptTokenCount') + numberAt(usage, 'toolUsePromptTokenCount'),
    output: numberAt(usage, 'candidatesTokenCount') + reasoning,
    cached: numberAt(usage, 'cachedContentTokenCount'),
    reasoning,
  };
}
