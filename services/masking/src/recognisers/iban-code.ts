import { modulo97 } from '../checksums.ts';
import type { Match, Recogniser } from '../recogniser.ts';

/** Length of an IBAN by country: SWIFT's IBAN registry, and the countries that use the format without being registered. */
const lengths: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AO25 AT20 AZ28 BA20 BE16 BF28 BG22 BH22 BI27 BJ28 BR29 BY28 CF27 CG27 CH21 CI28 CM27 CR22 CV25 CY28 CZ24 DE22 DJ27 DK18 DO28 DZ26 ' +
    'EE20 EG29 ES24 FI18 FK18 FO18 FR27 GA27 GB22 GE22 GI23 GL18 GQ27 GR27 GT28 GW25 HN28 HR21 HU28 IE22 IL23 IQ23 IR26 IS26 IT27 JO30 KM27 KW30 KZ20 ' +
    'LB28 LC32 LI21 LT20 LU20 LV21 LY25 MA28 MC27 MD24 ME22 MG27 MK19 ML28 MN20 MR27 MT31 MU30 MZ25 NE28 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 ' +
    'RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SN28 SO23 ST25 SV28 TD27 TG28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))] as const),
);

const beginning = /(?<![\p{L}\p{N}_])([A-Za-z]{2})\d{2}(?=[ \u00a0-]?[A-Za-z\d])/gu;
const wordCharacter = /[\p{L}\p{N}_]/u;

/** The country says how long the value is, so it ends where it should even if a word follows after a space. */
function find(text: string): Match[] {
  const matches: Match[] = [];
  beginning.lastIndex = 0;
  for (let match = beginning.exec(text); match !== null; match = beginning.exec(text)) {
    const length = lengths.get((match[1] ?? '').toUpperCase());
    const value = length === undefined ? undefined : read(text, match.index, length);
    if (value === undefined) continue;
    matches.push({ start: match.index, end: value.end, score: 1 });
    beginning.lastIndex = value.end;
  }
  return matches;
}

function read(text: string, start: number, length: number): { readonly end: number } | undefined {
  let compact = '';
  let index = start;
  for (; compact.length < length && index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (isCharacter(code)) compact += text[index] ?? '';
    else if (!isSeparator(code) || !isCharacter(text.charCodeAt(index + 1))) return undefined;
  }
  if (compact.length < length || wordCharacter.test(text[index] ?? '')) return undefined;
  const upper = compact.toUpperCase();
  return modulo97(upper.slice(4) + upper.slice(0, 4)) === 1 ? { end: index } : undefined;
}

/** ASCII letters and digits. */
function isCharacter(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}

/** Space, hyphen, no-break space. */
function isSeparator(code: number): boolean {
  return code === 32 || code === 45 || code === 160;
}

export const ibanCode: Recogniser = {
  type: 'IBAN_CODE',
  context: ['iban', 'bank', 'account', 'konto', 'compte', 'cuenta', 'conto'],
  mayOccur: (features) => features.digits >= 8,
  find,
};
