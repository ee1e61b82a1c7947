import { dropped } from './fold-table.ts';

const tagHigh = 0xdb40;
const mathHigh = 0xd835;

/** Tag characters spell ASCII invisibly; mathematical letters are ASCII in fancy dress. Other pairs stay as they are. */
export function foldPair(high: number, low: number): number {
  if (high === tagHigh && low >= 0xdc00 && low <= 0xdc7f) {
    const ascii = low - 0xdc00;
    if (ascii < 0x20) return dropped;
    return ascii >= 0x41 && ascii <= 0x5a ? ascii + 0x20 : ascii;
  }
  if (high === tagHigh) return dropped;
  if (high === mathHigh || high === 0xd83c) {
    const plain = String.fromCharCode(high, low).normalize('NFKD').toLowerCase();
    if (plain.length === 1) return plain.charCodeAt(0);
    // regional indicators 🇦–🇿 and squared letters 🅰–🆉
    if (high === 0xd83c && low >= 0xdde6 && low <= 0xddff) return 0x61 + low - 0xdde6;
    if (high === 0xd83c && low >= 0xdd70 && low <= 0xdd89) return 0x61 + low - 0xdd70;
  }
  return high;
}
