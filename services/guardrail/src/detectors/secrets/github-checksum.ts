import { crc32 } from 'node:zlib';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The last six characters of GitHub's (and npm's) tokens are the CRC-32 of the 30 before them, in base 62. */
export function hasGithubChecksum(token: string): boolean {
  const body = token.slice(token.indexOf('_') + 1);
  let rest = crc32(body.slice(0, -6)) >>> 0;
  let expected = '';
  for (let index = 0; index < 6; index++) {
    expected = (digits[rest % 62] ?? '') + expected;
    rest = Math.floor(rest / 62);
  }
  return body.slice(-6) === expected;
}
