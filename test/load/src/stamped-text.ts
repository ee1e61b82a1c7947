/** Stands for 0 to 25: a number written in digits could be taken for a telephone number by a gateway that reads texts. */
const letters = 'abcdefghijklmnopqrstuvwxyz';

/** Time of this machine's monotonic clock, ns; the same for all its processes. */
export function monotonicNs(): bigint {
  return process.hrtime.bigint();
}

/** A whole number as a word of plain letters. */
export function writeNumber(value: bigint): string {
  const base = BigInt(letters.length);
  let rest = value;
  let word = '';
  do {
    word = (letters[Number(rest % base)] ?? '') + word;
    rest /= base;
  } while (rest > 0n);
  return word;
}

/** @throws RangeError where it is no word of {@link writeNumber} */
export function readNumber(word: string): bigint {
  if (word === '') throw new RangeError('an empty word is no number');
  let value = 0n;
  for (const letter of word) {
    const digit = letters.indexOf(letter);
    if (digit < 0) throw new RangeError(`${JSON.stringify(letter)} is no digit of a stamp`);
    value = value * BigInt(letters.length) + BigInt(digit);
  }
  return value;
}

/** Two moments of the upstream: when it had the request, and when it wrote this chunk. */
export interface Stamp {
  readonly receivedNs: bigint;
  readonly writtenNs: bigint;
}

/** The text of a stamped chunk; ends in a space, so that chunks joined stay apart. */
export function writeStamp({ receivedNs, writtenNs }: Stamp): string {
  return `${writeNumber(receivedNs)}.${writeNumber(writtenNs)} `;
}

/** Every stamp of a text, in order; a gateway may have joined chunks. @throws RangeError where something else stands in it */
export function readStamps(text: string): Stamp[] {
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => {
      const [received = '', written = ''] = word.split('.');
      return { receivedNs: readNumber(received), writtenNs: readNumber(written) };
    });
}
