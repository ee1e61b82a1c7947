import { randomBytes } from 'node:crypto';
import { paceLine, type Pace } from './streaming-upstream.ts';
import { upstreamModel } from './upstream.ts';

/** Plain prose: the detectors of a gateway read all of it and find nothing. */
const sentences = [
  'The orchard behind the mill gives more pears than the village can eat.',
  'Please describe the walk from the harbour to the old lighthouse.',
  'A choir of forty voices rehearses in the town hall on rainy evenings.',
  'Explain to a child why the moon seems to follow a moving carriage.',
  'The baker keeps his oldest recipe in a tin above the door.',
  'Compare a wooden boat with one of steel for a family of four.',
  'Our newspaper wants a friendly portrait of the new librarian.',
] as const;
const sentencesUsed = 5;

/** Body of a streamed chat completion that no other equals, so that no cache can answer. About 500 bytes. */
export function streamBody(pace: Pace, serial: number): string {
  const prose = Array.from({ length: sentencesUsed }, (_, index) => sentences[(serial + index) % sentences.length] ?? '');
  const content = [paceLine(pace), `Letter to ${uniqueWord()}.`, ...prose].join(' ');
  return JSON.stringify({ model: upstreamModel, stream: true, messages: [{ role: 'user', content }] });
}

/** Letters only, see {@link sentences}. */
function uniqueWord(): string {
  return [...randomBytes(16)].map((byte) => String.fromCharCode(97 + (byte % 26))).join('');
}
