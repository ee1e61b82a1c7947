import { SluiceError } from '@sluice/contracts';
import type { JsonObject, Losses, Part, ToolResultPart, Turn } from '@sluice/dialects';
import { encodeMedia } from './encode-media.ts';
import { encodeModelParts } from './encode-model-parts.ts';
import type { GeminiModel } from './gemini-model.ts';

interface ContentsOptions {
  readonly model: GeminiModel;
  /** Calls and results bear their ids: the Gemini API. Vertex refuses the field. */
  readonly callIds: boolean;
}

/**
 * What Google's documentation names for calls whose signature is not at hand, such as those of another model's: it
 * switches the check off. Without it Gemini 3 refuses the request (ai.google.dev, "Thought signatures").
 */
const unsigned = 'skip_thought_signature_validator';

interface Content {
  readonly role: 'user' | 'model' | 'results';
  readonly parts: JsonObject[];
}

interface Call {
  readonly name: string;
  readonly order: number;
}

/** `systemInstruction` and `contents`. Turns of one speaker in a row become one, results of one round of calls too. */
export function encodeContents(turns: readonly Turn[], options: ContentsOptions, losses: Losses): JsonObject {
  const writer = new ContentsWriter(options, losses);
  for (const turn of turns) writer.add(turn);
  return writer.finish();
}

class ContentsWriter {
  readonly #options: ContentsOptions;
  readonly #losses: Losses;
  readonly #system: JsonObject[] = [];
  readonly #contents: Content[] = [];
  /** By id; ids may come again in later rounds, then the last one counts. */
  readonly #calls = new Map<string, Call>();
  /** Results of the round under way, and media that must stand beside them. */
  #results: { readonly order: number; readonly part: JsonObject }[] = [];
  #beside: JsonObject[] = [];

  constructor(options: ContentsOptions, losses: Losses) {
    this.#options = options;
    this.#losses = losses;
  }

  add(turn: Turn): void {
    if (turn.name !== undefined) this.#losses.hint('messages.name');
    if (turn.parts.some((part) => 'cache' in part)) this.#losses.hint('cache_control');
    if (turn.role === 'assistant') this.#endResults();
    if (turn.role === 'system' || turn.role === 'developer') this.#addSystem(turn.parts);
    else if (turn.role === 'assistant') this.#addModel(turn.parts);
    else this.#addUser(turn.parts);
  }

  finish(): JsonObject {
    this.#endResults();
    for (const { role, parts } of this.#contents) {
      if (role === 'model' && this.#options.model.wantsSignatures) signFirstCall(parts);
    }
    const contents = this.#contents.map(({ role, parts }) => ({ role: role === 'model' ? 'model' : 'user', parts }));
    // Gemini answers nobody: instructions alone are taken as the user's word.
    if (contents.length === 0) return { contents: [{ role: 'user', parts: this.#system }] };
    return { ...(this.#system.length === 0 ? {} : { systemInstruction: { parts: this.#system } }), contents };
  }

  #addSystem(parts: readonly Part[]): void {
    for (const part of parts) {
      if (part.type !== 'text') this.#losses.feature(`messages.content.${part.type}`, 'takes text only as instructions');
      else if (part.text !== '') this.#system.push({ text: part.text });
    }
  }

  #addModel(parts: readonly Part[]): void {
    for (const part of parts) {
      if (part.type === 'tool-call') this.#calls.set(part.id, { name: part.name, order: this.#calls.size });
    }
    this.#push('model', encodeModelParts(parts, this.#options.callIds, this.#losses));
  }

  /** Results too: those of one round may come in one turn or in several, with words between them. */
  #addUser(parts: readonly Part[]): void {
    for (const part of parts) {
      if (part.type === 'tool-result') {
        this.#addResult(part);
        continue;
      }
      const value = this.#encodeUserPart(part);
      if (value === undefined) continue;
      this.#endResults();
      this.#push('user', [value]);
    }
  }

  #encodeUserPart(part: Exclude<Part, ToolResultPart>): JsonObject | undefined {
    if (part.type === 'text' || part.type === 'refusal') return part.text === '' ? undefined : { text: part.text };
    if (part.type === 'image' || part.type === 'audio' || part.type === 'file') return encodeMedia(part, this.#losses);
    if (part.type === 'native' && part.wire === 'gemini') return part.value;
    this.#losses.feature(`messages.content.${part.type}`, 'takes no such part from a user');
    return undefined;
  }

  #addResult(part: ToolResultPart): void {
    const call = this.#calls.get(part.callId);
    const name = part.name ?? call?.name;
    if (name === undefined) {
      throw new SluiceError('invalid_request', 'A result of a tool answers no call of this conversation; send the call before it.', {
        param: 'messages',
      });
    }
    const texts: string[] = [];
    const media: JsonObject[] = [];
    for (const item of part.parts) {
      if (item.type === 'text') texts.push(item.text);
      else {
        const value = this.#encodeUserPart(item);
        if (value !== undefined) media.push(value);
      }
    }
    // Beside the result where the model or the field does not take it: the field has no room for addresses at the Gemini API.
    const inside = this.#options.model.takesMediaInResults ? media.filter((value) => 'inlineData' in value) : [];
    this.#beside.push(...media.filter((value) => !inside.includes(value)));
    const functionResponse = {
      ...(this.#options.callIds ? { id: part.callId } : {}),
      name,
      response: { [part.isError === true ? 'error' : 'output']: texts.join('\n') },
      ...(inside.length === 0 ? {} : { parts: inside }),
    };
    this.#results.push({ order: call?.order ?? Number.MAX_SAFE_INTEGER, part: { functionResponse } });
  }

  /** Without ids Gemini tells results apart by their order, so they go in the order of the calls. */
  #endResults(): void {
    if (this.#results.length === 0) return;
    const parts = this.#results.toSorted((left, right) => left.order - right.order).map(({ part }) => part);
    this.#push('results', [...parts, ...this.#beside]);
    this.#results = [];
    this.#beside = [];
  }

  #push(role: Content['role'], parts: readonly JsonObject[]): void {
    if (parts.length === 0) return;
    const last = this.#contents.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else this.#contents.push({ role, parts: [...parts] });
  }
}

/** Gemini signs the first of several calls only. */
function signFirstCall(parts: JsonObject[]): void {
  const index = parts.findIndex((part) => 'functionCall' in part);
  const first = parts[index];
  if (first !== undefined && !('thoughtSignature' in first)) parts[index] = { ...first, thoughtSignature: unsigned };
}
