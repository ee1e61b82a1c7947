import { isRecord, SluiceError } from '@sluice/contracts';

/** Texts of one request; each is a call to the guardrail. */
const maxInputs = 128;

/**
 * The texts to judge, one for each result: a text is one, a list of texts is as many, and a list of content parts is one.
 * @throws SluiceError `invalid_request`; `unsupported_feature` for images, which nobody here looks at
 */
export function readModerationInputs(body: unknown, maxBytes: number): string[] {
  const input = isRecord(body) ? body.input : undefined;
  const inputs = readInputs(input);
  if (inputs === undefined) throw wrong('input is required: give a text, a list of texts, or a list of {"type":"text","text":"..."}.');
  if (inputs.length === 0) throw wrong('input is empty: give at least one text.');
  if (inputs.length > maxInputs) throw wrong(`input may have at most ${maxInputs} texts; send more requests.`);
  for (const text of inputs) {
    if (Buffer.byteLength(text) > maxBytes)
      throw new SluiceError('request_too_large', `A text may have at most ${maxBytes} bytes here; check longer ones in parts.`, {
        param: 'input',
      });
  }
  return inputs;
}

function readInputs(input: unknown): string[] | undefined {
  if (typeof input === 'string') return [input];
  if (!Array.isArray(input)) return undefined;
  const items: readonly unknown[] = input;
  if (items.every((item) => typeof item === 'string')) return [...items];
  const texts = items.map(readPart);
  return texts.every((text) => text !== undefined) ? [texts.join('\n')] : undefined;
}

function readPart(part: unknown, index: number): string | undefined {
  if (!isRecord(part)) return undefined;
  if (part.type === 'text' && typeof part.text === 'string') return part.text;
  if (part.type !== 'image_url') return undefined;
  throw new SluiceError('unsupported_feature', 'The guardrail judges texts only; leave images out.', { param: `input.${index}` });
}

function wrong(message: string): SluiceError {
  return new SluiceError('invalid_request', message, { param: 'input' });
}
