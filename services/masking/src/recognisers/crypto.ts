import { createHash } from 'node:crypto';
import { patternRecogniser } from '../recogniser.ts';

const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const bech32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';

/** Base58Check: 21 bytes of version and hash, then the first 4 bytes of their double SHA-256. */
function passesBase58Check(address: string): boolean {
  let number = 0n;
  for (const character of address) {
    const digit = base58.indexOf(character);
    if (digit === -1) return false;
    number = number * 58n + BigInt(digit);
  }
  const hex = number.toString(16).padStart(50, '0');
  if (hex.length !== 50) return false;
  const bytes = Buffer.from(hex, 'hex');
  const once = createHash('sha256').update(bytes.subarray(0, 21)).digest();
  return createHash('sha256').update(once).digest().subarray(0, 4).equals(bytes.subarray(21));
}

/** BIP 173 and BIP 350: a BCH code over the prefix and the data; 1 is bech32, the other constant bech32m. */
function passesBech32(address: string): boolean {
  const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
  let checksum = 1;
  const feed = (value: number): void => {
    const top = checksum >>> 25;
    checksum = ((checksum & 0x1ffffff) << 5) ^ value;
    generator.forEach((constant, bit) => {
      if ((top >>> bit) & 1) checksum ^= constant;
    });
  };
  for (const value of [3, 3, 0, 2, 3]) feed(value); // the prefix "bc", expanded
  for (const character of address.toLowerCase().slice(3)) {
    const value = bech32.indexOf(character);
    if (value === -1) return false;
    feed(value);
  }
  return checksum === 1 || checksum === 0x2bc830a3;
}

function likelihood(value: string): number {
  if (value.startsWith('0x')) return /^0x0{40}$/.test(value) ? 0 : 0.85;
  return (/^bc1/i.test(value) ? passesBech32(value) : passesBase58Check(value)) ? 1 : 0;
}

export const crypto = patternRecogniser({
  type: 'CRYPTO',
  context: ['wallet', 'btc', 'bitcoin', 'crypto', 'ethereum', 'eth', 'address'],
  mayOccur: (features) => features.wordLength >= 26 && features.digits > 0,
  pattern:
    /(?<![\p{L}\p{N}_])(?:[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[a-z0-9]{11,71}|BC1[A-Z0-9]{11,71}|0x[0-9a-fA-F]{40})(?![\p{L}\p{N}_])/gu,
  score: likelihood,
});
