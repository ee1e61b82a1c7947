const bytesOfFloat = 4;

/** Numbers as OpenAI sends them in base64: 32-bit floats, the least byte first. */
export function writeVector(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * bytesOfFloat);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * bytesOfFloat);
  return bytes.toString('base64');
}

/** Undefined where the text is no whole number of floats. */
export function readVector(text: string): number[] | undefined {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 0 || bytes.length % bytesOfFloat !== 0) return undefined;
  const vector: number[] = [];
  for (let offset = 0; offset < bytes.length; offset += bytesOfFloat) vector.push(bytes.readFloatLE(offset));
  return vector;
}
