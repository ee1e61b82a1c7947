/** A field of a protobuf message: a number where its wire type is a varint, else its bytes. */
export interface Field {
  readonly number: number;
  readonly value: bigint | Buffer;
}

/** Length in bytes of the wire types of fixed size. */
const fixedBytes: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

/**
 * Splits a message into its fields (protobuf.dev/programming-guides/encoding). Enough to look into OTLP without a
 * package that only one test would need.
 * @throws RangeError where the bytes are no protobuf message
 */
export function readFields(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError(`no varint ends at byte ${at}`);
  };
  while (at < message.length) {
    const tag = Number(varint());
    const type = tag & 7;
    if (type === 0) {
      fields.push({ number: tag >> 3, value: varint() });
      continue;
    }
    const length = type === 2 ? Number(varint()) : fixedBytes[type];
    if (length === undefined || at + length > message.length) throw new RangeError(`no field of wire type ${type} at byte ${at}`);
    fields.push({ number: tag >> 3, value: message.subarray(at, at + length) });
    at += length;
  }
  return fields;
}
