import { isRecord, type TokenUsage } from '@sluice/contracts';
import type { AnswerEvent, FinishReason, JsonObject } from '@sluice/dialects';
import { GeminiSources } from './gemini-sources.ts';
import { countAt, objectAt, objectsAt, textAt } from './json-fields.ts';

const finishOfStatus: Readonly<Record<string, FinishReason>> = { completed: 'stop', requires_action: 'tool-calls', incomplete: 'length' };

/** A step under way. `part`: that of the answer which it opened, if it has. */
interface Step {
  readonly type: string;
  readonly part: number | undefined;
  /** A step of Google's own, collected to be kept whole; the arguments with which a call began. */
  value: JsonObject;
}

/**
 * Answers of the Interactions API, plain and streamed: steps in place of parts, and words of its own for the rest. An
 * operator's address or a proxy in front of it may answer so; what a stream is made of tells which of the two it is.
 */
export class InteractionsReader {
  readonly #sources = new GeminiSources();
  readonly #steps = new Map<number, Step>();
  readonly #citations: JsonObject[] = [];
  #started = false;
  #parts = 0;
  #calls = 0;
  #status: string | undefined;
  usage: TokenUsage | undefined;

  get complete(): boolean {
    return this.#status !== undefined;
  }

  /** An event of a stream. */
  read(event: JsonObject): AnswerEvent[] {
    const events: AnswerEvent[] = [];
    const type = textAt(event, 'event_type') ?? '';
    const interaction = objectAt(event, 'interaction');
    const index = countAt(event, 'index') ?? 0;
    if (interaction !== undefined) this.#readInteraction(interaction, type === 'interaction.completed', events);
    if (type === 'step.start') this.#startStep(index, objectAt(event, 'step') ?? {}, events);
    else if (type === 'step.delta') this.#growStep(index, objectAt(event, 'delta') ?? {}, events);
    else if (type === 'step.stop') this.#endStep(index, events);
    return events;
  }

  /** A plain answer. */
  readWhole(interaction: JsonObject): AnswerEvent[] {
    const events: AnswerEvent[] = [];
    this.#readInteraction(interaction, true, events);
    objectsAt(interaction, 'steps').forEach((step, index) => {
      this.#startStep(index, step, events);
      this.#endStep(index, events);
    });
    return events;
  }

  end(): AnswerEvent[] {
    if (this.#status === undefined) return [];
    const reason = finishOfStatus[this.#status];
    if (reason === undefined) return [{ type: 'error', code: this.#status, message: 'The provider gave the interaction up.' }];
    this.#sources.read({ citationMetadata: { citationSources: this.#citations } });
    const finish = { reason: reason === 'stop' && this.#calls > 0 ? 'tool-calls' : reason, native: this.#status } as const;
    return [...this.#sources.events(), { type: 'finish', finish }];
  }

  #readInteraction(interaction: JsonObject, whole: boolean, events: AnswerEvent[]): void {
    if (!this.#started) {
      this.#started = true;
      const createdMs = Date.parse(textAt(interaction, 'created') ?? '');
      events.push({
        type: 'start',
        id: textAt(interaction, 'id') ?? '',
        model: textAt(interaction, 'model') ?? '',
        ...(Number.isNaN(createdMs) ? {} : { createdSeconds: Math.floor(createdMs / 1_000) }),
      });
    }
    if (whole) this.#status = textAt(interaction, 'status') ?? 'completed';
    const usage = objectAt(interaction, 'usage');
    if (usage === undefined) return;
    this.usage = usageOf(usage);
    events.push({ type: 'usage', usage: this.usage });
  }

  #startStep(index: number, step: JsonObject, events: AnswerEvent[]): void {
    const type = textAt(step, 'type') ?? '';
    const opens = type === 'thought' || type === 'model_output' || type === 'function_call';
    const part = opens ? this.#parts++ : undefined;
    this.#steps.set(index, { type, part, value: type === 'function_call' ? (objectAt(step, 'arguments') ?? {}) : step });
    if (part === undefined) return;
    const signature = signatureOf(step);
    if (type === 'function_call') {
      this.#calls += 1;
      const id = textAt(step, 'id') ?? `call_${index}`;
      events.push({ type: 'tool-call', part, id, name: textAt(step, 'name') ?? '', ...(signature === undefined ? {} : { signature }) });
      return;
    }
    for (const item of [...objectsAt(step, 'summary'), ...objectsAt(step, 'content')]) this.#growStep(index, item, events);
    if (signature !== undefined) this.#growStep(index, step, events);
  }

  #growStep(index: number, delta: JsonObject, events: AnswerEvent[]): void {
    const step = this.#steps.get(index);
    if (step === undefined) return;
    const { part } = step;
    if (part === undefined) {
      step.value = { ...step.value, ...delta };
    } else if (step.type === 'function_call') {
      const text = textAt(delta, 'arguments');
      if (text === undefined) return;
      step.value = {};
      events.push({ type: 'tool-input', part, text });
    } else {
      this.#growPart(step.type, part, delta, events);
    }
  }

  #growPart(type: string, part: number, delta: JsonObject, events: AnswerEvent[]): void {
    const text = textAt(delta, 'text') ?? textAt(objectAt(delta, 'content') ?? {}, 'text');
    const signature = signatureOf(delta);
    if (type === 'thought') {
      if (text !== undefined) events.push({ type: 'reasoning', part, text });
      if (signature !== undefined) events.push({ type: 'signature', part, signature });
      return;
    }
    for (const { url, title, start_index: startIndex, end_index: endIndex } of objectsAt(delta, 'annotations')) {
      this.#citations.push({ uri: url, title, startIndex, endIndex });
    }
    if (text !== undefined) {
      events.push({ type: 'text', part, text });
      this.#sources.wrote(part, text);
    } else if ('data' in delta || 'uri' in delta) {
      events.push({ type: 'native', part: this.#parts++, wire: 'gemini', value: delta });
    }
  }

  #endStep(index: number, events: AnswerEvent[]): void {
    const step = this.#steps.get(index);
    if (step === undefined) return;
    this.#steps.delete(index);
    if (step.part === undefined) events.push({ type: 'native', part: this.#parts++, wire: 'gemini', value: step.value });
    else if (step.type === 'function_call' && Object.keys(step.value).length > 0) {
      events.push({ type: 'tool-input', part: step.part, text: JSON.stringify(step.value) });
    }
  }
}

function signatureOf(object: JsonObject): { readonly wire: 'gemini'; readonly value: string } | undefined {
  const value = textAt(object, 'signature');
  return value === undefined || value === '' ? undefined : { wire: 'gemini', value };
}

/** What tools found is input, and thoughts are output: neither is in the totals of its side. */
function usageOf(usage: JsonObject): TokenUsage {
  const thoughts = countAt(usage, 'total_thought_tokens');
  const cached = countAt(usage, 'total_cached_tokens');
  return {
    input: (countAt(usage, 'total_input_tokens') ?? 0) + (countAt(usage, 'total_tool_use_tokens') ?? 0),
    output: (countAt(usage, 'total_output_tokens') ?? 0) + (thoughts ?? 0),
    ...(cached === undefined ? {} : { cached }),
    ...(thoughts === undefined ? {} : { reasoning: thoughts }),
  };
}

export function isInteraction(answer: unknown): answer is JsonObject {
  return isRecord(answer) && answer.object === 'interaction';
}
