import { guardrailPolicySchema } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { Folder } from '../../normalise/fold.ts';
import { inspectText } from '../../normalise/inspected-text.ts';
import { hasGithubChecksum } from './github-checksum.ts';
import { createSecretsDetector } from './secrets.ts';

const detector = createSecretsDetector().compile(guardrailPolicySchema.parse({}));
const folder = new Folder();
const hiddenFolder = new Folder();
const find = (text: string) => detector.inspect(inspectText(text, folder, hiddenFolder)).detections;
// written in halves, so that no scanner takes these made-up values for real ones
const random = 'q7Zp2Xv9Lm4Tk8Rw1Ys6Bd3Nf5Hj0GcAeUoIiPlQ' + 'zWxScVdRfBtGnHyMjK';
const jwt = [{ alg: 'HS256', typ: 'JWT' }, { sub: '1234567890' }]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .join('.');

describe('secrets', () => {
  it.each([
    ['aws_access_key', `AKIAQ3EGRZ7XNP5DLM2K`],
    ['github_token', `ghp_${random.slice(0, 36)}`],
    ['slack_token', `xoxb-123456789012-${random.slice(0, 24)}`],
    ['stripe_key', `sk_live_${random.slice(0, 24)}`],
    ['openai_key', `sk-proj-${random.slice(0, 48)}`],
    ['anthropic_key', `sk-ant-api03-${random.slice(0, 50)}`],
    ['google_api_key', `AIza${random.slice(0, 35)}`],
    ['private_key', '-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n-----END RSA PRIVATE KEY-----'],
    ['jwt', `${jwt}.${random.slice(0, 43)}`],
    ['credential_in_url', 'postgres://admin:h4rdToGu3ss@db.internal/app'],
    ['generic_secret', `api_key = "${random.slice(0, 32)}"`],
  ])('finds %s where it stands', (category, secret) => {
    const text = `Use this: ${secret} please`;
    const [detection] = find(text);
    expect(detection).toMatchObject({ category, owasp: ['2025:LLM02', '2026:LLM02'] });
    expect(secret).toContain(text.slice(detection?.start, detection?.end));
    expect((detection?.end ?? 0) - (detection?.start ?? 0)).toBeGreaterThan(15);
  });

  it.each([
    ['prose', 'The secret: patience. Your token of thanks is welcome; the password policy asks for twelve characters.'],
    ['a placeholder', 'api_key = "your-api-key-goes-here-1234"'],
    ['an environment reference', 'password: process.env.DATABASE_PASSWORD_2'],
    ['a word with a prefix inside', 'task-management and risk-assessment are sk-illed work'],
    ['a repeated letter', 'AKIAAAAAAAAAAAAAAAAA'],
    ['a hash', 'commit 3f786850e387550fdab836ed7e6dc881de23001b'],
  ])('lets %s pass', (_, text) => {
    expect(find(text)).toEqual([]);
  });
});

it('finds a key inside base64', () => {
  const text = `config ${Buffer.from(`key is AKIAQ3EGRZ7XNP5DLM2K ok`).toString('base64')} end`;
  expect(find(text)).toMatchObject([{ category: 'aws_access_key' }]);
});

it('rejects a checksum that does not fit', () => {
  expect(hasGithubChecksum(`ghp_${'a'.repeat(36)}`)).toBe(false);
});
