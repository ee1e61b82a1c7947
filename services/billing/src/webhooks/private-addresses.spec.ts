import { describe, expect, it } from 'vitest';
import { isPrivateAddress, literalAddress } from './private-addresses.ts';

describe('isPrivateAddress', () => {
  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '169.254.169.254',
    '172.31.255.255',
    '192.168.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '3fff:fff::1',
    '5f00::1',
    'fd00::1',
    'fe80::1',
    'ff02::1',
    'no address',
  ])('keeps %s out', (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  it.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450:4001::1'])('lets %s pass', (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  });
});

it.each([
  ['http://[::1]:80/x', '::1'],
  ['https://10.0.0.1/', '10.0.0.1'],
  ['http://0x7f.1/', '127.0.0.1'],
  ['https://example.com/', undefined],
])('reads the address of %s', (url, address) => {
  expect(literalAddress(url)).toBe(address);
});
