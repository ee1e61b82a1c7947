import { asArray, isObject, parseJson, type JsonObject } from '../json-value.ts';

/** A content block under assembly: what `content_block_start` gave, and the deltas after it. */
export class AssembledBlock {
  readonly #members: Record<string, unknown>;
  /** Pieces of a call's input; empty where it came whole with the start. */
  #json = '';

  constructor(start: JsonObject) {
    this.#members = { ...start };
  }

  get type(): unknown {
    return this.#members.type;
  }

  add(delta: JsonObject): void {
    if (delta.type === 'input_json_delta') {
      if (typeof delta.partial_json === 'string') this.#json += delta.partial_json;
      return;
    }
    if (delta.type === 'citations_delta') {
      this.#members.citations = [...asArray(this.#members.citations), delta.citation];
      return;
    }
    for (const [name, value] of Object.entries(delta)) {
      if (name === 'type' || name === '__proto__') continue;
      const present = this.#members[name];
      // A signature comes whole; texts, also those of deltas that are not known here, run on.
      const runsOn = name !== 'signature' && typeof present === 'string' && typeof value === 'string';
      this.#members[name] = runsOn ? present + value : value;
    }
  }

  /** The block as a plain answer has it; undefined where its input is no JSON object. */
  value(): JsonObject | undefined {
    if (this.#json.trim() === '') return this.#members;
    const input = parseJson(this.#json);
    return isObject(input) ? { ...this.#members, input } : undefined;
  }
}
