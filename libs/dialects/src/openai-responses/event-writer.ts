import type { JsonObject } from '../json-value.ts';

/** Says one event of a stream: its type and what it carries besides. */
export type EmitEvent = (type: string, fields: JsonObject) => void;

/** Prints the events of one response stream, numbered as clients expect them. */
export class EventWriter {
  #sequenceNumber: number;
  #pending: string[] = [];

  /** @param sequenceNumber of the first event */
  constructor(sequenceNumber = 0) {
    this.#sequenceNumber = sequenceNumber;
  }

  readonly emit: EmitEvent = (type, fields) => {
    const data = { type, sequence_number: this.#sequenceNumber++, ...fields };
    this.#pending.push(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
  };

  /** What was said since the last call. */
  take(): Uint8Array {
    const text = this.#pending.length === 1 ? (this.#pending[0] ?? '') : this.#pending.join('');
    this.#pending = [];
    return Buffer.from(text);
  }
}
