import { randomFillSync } from 'node:crypto';

/** Crockford's base 32: no letters that look alike. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const timeDigits = 10;
const randomDigits = 16;
/** Random bytes drawn at once: a system call for each request would cost more than the id. */
const poolBytes = 4_096;

/** Makes request ids: `req_`, ten digits of time, sixteen of randomness (80 bits), so that they sort by age. */
export function createRequestIds(clock: () => number): () => string {
  const pool = Buffer.alloc(poolBytes);
  let position = poolBytes;
  return () => {
    if (position + randomDigits > poolBytes) {
      randomFillSync(pool);
      position = 0;
    }
    let time = clock();
    let id = '';
    for (let digit = 0; digit < timeDigits; digit += 1) {
      id = alphabet.charAt(time % 32) + id;
      time = Math.floor(time / 32);
    }
    for (let digit = 0; digit < randomDigits; digit += 1) {
      id += alphabet.charAt((pool[position] ?? 0) & 31);
      position += 1;
    }
    return `req_${id}`;
  };
}
