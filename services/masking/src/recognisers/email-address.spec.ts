import { describe, expect, it } from 'vitest';
import { valuesFound } from '../testing-recogniser.ts';
import { emailAddress } from './email-address.ts';

describe('email-address', () => {
  it.each([
    ['jane.doe@example.com', 'jane.doe@example.com'],
    ["Mail: <o'neil+tag@mail.example.co.uk>.", "o'neil+tag@mail.example.co.uk"],
    ['mailto:bob@x-y.org?subject=1', 'bob@x-y.org'],
    ['“müller@bücher.de”', 'müller@bücher.de'],
    ['{"to":"a_b@c.io"}', 'a_b@c.io'],
    ['?email=ann@corp.com&x=1', 'ann@corp.com'],
    ['see bob@site.com.', 'bob@site.com'],
    ['user@xn--bcher-kva.example', 'user@xn--bcher-kva.example'],
  ])('finds in %j', (text, value) => {
    expect(valuesFound(emailAddress, text)).toEqual([value]);
  });

  it.each([
    '@app.route("/")',
    'npm i @scope/pkg@1.2.3',
    'icon@2x.png',
    'git@github.com:org/repo.git',
    'user@localhost',
    'a @ b.com',
    'foo@',
    'no address',
  ])('finds nothing in %j', (text) => {
    expect(valuesFound(emailAddress, text)).toEqual([]);
  });
});
