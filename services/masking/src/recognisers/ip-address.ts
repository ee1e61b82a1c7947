import { isIPv6 } from 'node:net';
import type { Match, Recogniser } from '../recogniser.ts';
import { patternRecogniser } from '../recogniser.ts';

/** Words after which four numbers and three dots are a version or a paragraph. */
const versionBefore =
  /(?:\b(?:v|ver|vers|version|release|rev|revision|build|firmware|driver|patch|update|upgrade|section|chapter|clause|paragraph|oid|§)[.:\s]{0,2}|[A-Za-z]\/)$/i;

function scoreVersion4(value: string, text: string, start: number): number {
  for (const octet of value.split('.')) if (Number(octet) > 255 || (octet.length > 1 && octet.startsWith('0'))) return 0;
  return versionBefore.test(text.slice(Math.max(0, start - 12), start)) ? 0.2 : 0.8;
}

const version4 = patternRecogniser({
  type: 'IP_ADDRESS',
  context: [],
  mayOccur: (features) => features.dots >= 3 && features.digits >= 4,
  pattern: /(?<![\p{L}\p{N}_]|[\d:]\.|-)(?:\d{1,3}\.){3}\d{1,3}(?![\p{L}\p{N}_]|\.\d|-\d)/gu,
  score: scoreVersion4,
});

/** Prefixes that addresses in use have: global unicast, unique local, link local, multicast, loopback, mapped, NAT64. */
const usedPrefix = /^(?:[23][0-9a-f]{3}:|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:|ff[0-9a-f]{2}:|::1$|::ffff:|64:ff9b:)/i;

function scoreVersion6(value: string): number {
  if (!isIPv6(value)) return 0;
  if (usedPrefix.test(value)) return 0.9;
  // `::` and `a::b` are also operators of programming languages.
  return value.split(':').filter((group) => group !== '').length >= 3 ? 0.7 : 0.3;
}

const version6 = patternRecogniser({
  type: 'IP_ADDRESS',
  context: [],
  mayOccur: (features) => features.colons >= 2,
  pattern:
    /(?<![\p{L}\p{N}_:.])[0-9a-fA-F]{0,4}:[0-9a-fA-F:]{1,38}(?:\.\d{1,3}){0,3}(?:%[A-Za-z0-9]{1,16})?(?<=[\p{L}\p{N}]|::)(?![\p{L}\p{N}_]|:[0-9a-fA-F:])/gu,
  score: scoreVersion6,
});

function find(text: string): Match[] {
  const found6 = text.includes(':') ? version6.find(text) : [];
  const found4 = text.includes('.') ? version4.find(text) : [];
  if (found6.length === 0) return found4;
  // The dotted ending of a mapped address is part of it.
  const ends = new Set(found6.map((match) => match.end));
  return [...found6, ...found4.filter((match) => !ends.has(match.end))].sort((a, b) => a.start - b.start);
}

export const ipAddress: Recogniser = {
  type: 'IP_ADDRESS',
  context: ['ip', 'ipv4', 'ipv6', 'host', 'server', 'gateway', 'subnet', 'dns', 'unspecified', 'loopback'],
  mayOccur: (features) => version4.mayOccur(features) || version6.mayOccur(features),
  find,
};
