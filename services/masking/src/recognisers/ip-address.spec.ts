import { describe, expect, it } from 'vitest';
import { valuesFound } from '../testing-recogniser.ts';
import { ipAddress } from './ip-address.ts';

describe('ip-address', () => {
  it.each([
    ['192.168.1.1', '192.168.1.1'],
    ['http://10.0.0.1:8080/x', '10.0.0.1'],
    ['10.1.2.0/24', '10.1.2.0'],
    ['2001:db8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['::1', '::1'],
    ['2001:0db8:85a3:0000:0000:8a2e:0370:7334', '2001:0db8:85a3:0000:0000:8a2e:0370:7334'],
    ['::ffff:192.168.1.1', '::ffff:192.168.1.1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['from 8.8.8.8.', '8.8.8.8'],
    ['peer fe80::1: down', 'fe80::1'],
  ])('finds in %j', (text, value) => {
    expect(valuesFound(ipAddress, text)).toEqual([value]);
  });

  it.each([
    '256.1.1.1',
    '1.2.3',
    'version 1.2.3.4',
    'v1.2.3.4',
    'Chrome/120.0.0.0',
    '1.2.3.4.5',
    '01.2.3.4',
    '12:30:45',
    'std::vector',
    'a::b',
    '2001:db8:::1',
    '00:1A:2B:3C:4D:5E',
    '1.2.3.4-5',
  ])('finds nothing in %j', (text) => {
    expect(valuesFound(ipAddress, text)).toEqual([]);
  });
});
