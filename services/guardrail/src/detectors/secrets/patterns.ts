import { entropyBits } from './entropy.ts';
import { hasGithubChecksum } from './github-checksum.ts';

/** One kind of secret: found by its anchor, read by its shape, and believed only after its check. */
export interface SecretPattern {
  readonly category: string;
  /** Folded literals of which one stands in every such secret; the text is searched for these alone. */
  readonly anchors: readonly string[];
  /** Sticky, without nested repetition, tried `back` units before the anchor at most. */
  readonly shape: RegExp;
  readonly score: number;
  /** False: it only looks like one. */
  readonly check?: (match: string) => boolean;
}

const varied = (bits: number) => (match: string) => entropyBits(match) >= bits;

export const secretPatterns: readonly SecretPattern[] = [
  {
    category: 'aws_access_key',
    anchors: ['akia', 'asia', 'abia', 'acca'],
    shape: /(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])/y,
    score: 0.95,
    check: varied(3),
  },
  {
    category: 'github_token',
    anchors: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'],
    shape: /gh[pousr]_[A-Za-z0-9]{36}(?![A-Za-z0-9])/y,
    score: 0.95,
    check: (match) => hasGithubChecksum(match) || entropyBits(match) >= 4,
  },
  { category: 'github_token', anchors: ['github_pat_'], shape: /github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}/y, score: 0.99 },
  { category: 'gitlab_token', anchors: ['glpat-'], shape: /glpat-[A-Za-z0-9_-]{20,64}/y, score: 0.95, check: varied(3) },
  {
    category: 'slack_token',
    anchors: ['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-', 'xapp-'],
    shape: /(?:xox[bpars]|xapp)-[A-Za-z0-9-]{20,200}/y,
    score: 0.95,
    check: varied(3),
  },
  {
    category: 'slack_webhook',
    anchors: ['hooks.slack.com/'],
    shape: /hooks\.slack\.com\/(?:services|workflows)\/[A-Za-z0-9/]{30,80}/y,
    score: 0.95,
  },
  {
    category: 'stripe_key',
    anchors: ['sk_live_', 'rk_live_', 'sk_test_', 'rk_test_', 'whsec_'],
    shape: /(?:[sr]k_(?:live|test)_|whsec_)[A-Za-z0-9]{20,250}/y,
    score: 0.95,
    check: varied(3),
  },
  {
    category: 'anthropic_key',
    anchors: ['sk-ant-'],
    shape: /sk-ant-[a-z0-9]{2,10}-[A-Za-z0-9_-]{40,200}/y,
    score: 0.98,
    check: varied(3.5),
  },
  {
    category: 'openai_key',
    anchors: ['sk-proj-', 'sk-svcacct-', 'sk-admin-', 'sk-'],
    shape: /sk-(?:(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,250}|[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|[A-Za-z0-9]{48})(?![A-Za-z0-9])/y,
    score: 0.95,
    check: varied(3.5),
  },
  { category: 'sluice_key', anchors: ['sk-sluice-'], shape: /sk-sluice-[A-Za-z0-9_-]{16,200}/y, score: 0.95, check: varied(3) },
  { category: 'google_api_key', anchors: ['aiza'], shape: /AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/y, score: 0.95, check: varied(3.5) },
  { category: 'google_oauth_secret', anchors: ['gocspx-'], shape: /GOCSPX-[A-Za-z0-9_-]{28}/y, score: 0.95 },
  { category: 'huggingface_token', anchors: ['hf_'], shape: /hf_[A-Za-z]{34}(?![A-Za-z])/y, score: 0.95, check: varied(3.5) },
  {
    category: 'npm_token',
    anchors: ['npm_'],
    shape: /npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])/y,
    score: 0.95,
    check: (match) => hasGithubChecksum(match) || entropyBits(match) >= 4,
  },
  { category: 'sendgrid_key', anchors: ['sg.'], shape: /SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}/y, score: 0.98 },
  { category: 'digitalocean_token', anchors: ['dop_v1_', 'doo_v1_'], shape: /do[op]_v1_[a-f0-9]{64}/y, score: 0.98 },
  { category: 'telegram_token', anchors: [':aa'], shape: /:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])/y, score: 0.8, check: varied(4) },
  {
    category: 'private_key',
    anchors: ['-----begin'],
    shape: /-----BEGIN (?:[A-Z0-9]{2,10} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:[A-Za-z0-9+/=\s\\:,]{0,16384}-----END [A-Z0-9 ]{4,40}-----)?/y,
    score: 0.99,
  },
  {
    category: 'jwt',
    anchors: ['eyj'],
    shape: /eyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{16,1024}/y,
    score: 0.9,
    check: isJwt,
  },
  {
    category: 'credential_in_url',
    anchors: ['://'],
    shape: /:\/\/[^\s:/@"'<>]{1,64}:[^\s:/@"'<>]{6,128}@[A-Za-z0-9.-]{1,253}/y,
    score: 0.75,
    check: (match) => !/[${}]|password|passwd|\*\*\*/i.test(match),
  },
  {
    category: 'generic_secret',
    anchors: [
      'api_key',
      'apikey',
      'api-key',
      'secret',
      'token',
      'password',
      'passwd',
      'access_key',
      'accesskey',
      'private_key',
      'client_secret',
      'auth_key',
    ],
    shape: /[A-Za-z_-]{5,24}["']?\s{0,4}(?::=|=>|=|:)\s{0,4}["']?([A-Za-z0-9+/_.~!@#%^&*-]{16,256})/y,
    score: 0.7,
    check: isRandomAssignment,
  },
];

/** The first part must be JSON with an algorithm, as RFC 7515 requires. */
function isJwt(match: string): boolean {
  const decoded = Buffer.from(match.slice(0, match.indexOf('.')), 'base64url').toString('utf8');
  if (!decoded.includes('"alg"')) return false; // an exception costs more than all the rest
  try {
    const header: unknown = JSON.parse(decoded);
    return typeof header === 'object' && header !== null && 'alg' in header;
  } catch {
    return false; // not JSON: not a token
  }
}

/** A value of letters and digits as mixed as a generator makes it; words, paths and placeholders are not. */
function isRandomAssignment(match: string): boolean {
  const value = /([A-Za-z0-9+/_.~!@#%^&*-]{16,256})$/.exec(match)?.[1] ?? '';
  return (
    /[0-9]/.test(value) &&
    /[A-Za-z]/.test(value) &&
    entropyBits(value) >= 3.6 &&
    !/example|your|xxxx|changeme|placeholder|process\.env|\.\.\./i.test(value)
  );
}
