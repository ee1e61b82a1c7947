import type { Match, Recogniser } from '../recogniser.ts';

/** RFC 5321 section 4.5.3.1: the longest local part and domain. */
const localLimit = 64;
const domainLimit = 255;

/** Of the characters that RFC 5321 admits, `=`, `/`, `&` and `?` are left out: in texts they end what stands before an address. */
const localCharacter = /[\p{L}\p{N}.!#$%'*+^_`{|}~-]/u;
const asciiLocal = Uint8Array.from({ length: 128 }, (_, code) => (localCharacter.test(String.fromCharCode(code)) ? 1 : 0));
/** What an address begins with: quotes and marks before it are not part of it. */
const beginning = /[\p{L}\p{N}_+]/u;
const domainPattern = /(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.){1,8}(?:\p{L}{2,24}|xn--[a-z0-9-]{2,59})(?![\p{L}\p{N}_@])/uy;
/** What looks like a top-level domain and is a file's ending: `icon@2x.png`, `types@latest.json`. */
const fileEnding = /\.(?:png|jpe?g|gif|svg|webp|ico|pdf|css|scss|html?|jsx?|tsx|mjs|json|ya?ml|toml|xml|txt|lock|log)$/i;
/** `git@host:path` names a repository, not a person. */
const repository = /^(?:git|hg|svn)@[^@]+$/;

/** Looks outward from each `@`, so that a text without one costs one search, and no text more than its length. */
function find(text: string): Match[] {
  const matches: Match[] = [];
  let free = 0;
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    const start = startOfLocal(text, at, free);
    if (start === at) continue;
    domainPattern.lastIndex = at + 1;
    const domain = domainPattern.exec(text)?.[0];
    if (domain === undefined || domain.length > domainLimit) continue;
    const end = at + 1 + domain.length;
    const weak = fileEnding.test(domain) || (repository.test(text.slice(start, end)) && text[end] === ':');
    matches.push({ start, end, score: weak ? 0.3 : 1 });
    free = end;
  }
  return matches;
}

function startOfLocal(text: string, at: number, free: number): number {
  const lowest = Math.max(free, at - localLimit);
  let start = at;
  while (start > lowest && isLocal(text, start - 1)) start--;
  while (start < at && !beginning.test(text[start] ?? '')) start++;
  return start;
}

function isLocal(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code < 128 ? asciiLocal[code] === 1 : localCharacter.test(text[index] ?? '');
}

export const emailAddress: Recogniser = {
  type: 'EMAIL_ADDRESS',
  context: ['email', 'e-mail', 'mail', 'correo', 'courriel'],
  mayOccur: (features) => features.at > 0 && features.dots > 0,
  find,
};
