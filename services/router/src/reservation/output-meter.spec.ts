import { describe, expect, it } from 'vitest';
import { OutputMeter } from './output-meter.ts';

describe('OutputMeter', () => {
  it('takes four bytes for a token, and an event for one at least', () => {
    const meter = new OutputMeter();
    for (const bytes of [1, 2, 1]) meter.add(bytes);
    expect(meter.tokens).toBe(3);
    meter.add(37);
    expect(meter.tokens).toBe(11);
  });

  it('counts no event in which nothing was written', () => {
    const meter = new OutputMeter();
    meter.add(0);
    expect(meter.tokens).toBe(0);
    expect(meter.isExact).toBe(false);
  });

  it('believes what the provider says while it runs, and estimates what came since', () => {
    const meter = new OutputMeter();
    meter.add(400);
    meter.heard({ input: 5, output: 60 });
    expect(meter.tokens).toBe(60);
    expect(meter.isExact).toBe(true);
    meter.add(40);
    expect([meter.said, meter.tokens]).toEqual([60, 70]);
    expect(meter.isExact).toBe(false);
  });

  it('is not set back by a figure of the beginning that is told again', () => {
    const meter = new OutputMeter();
    meter.heard({ input: 5, output: 1 });
    meter.add(40);
    meter.heard({ input: 5, output: 1 });
    meter.heard(undefined);
    expect(meter.tokens).toBe(11);
  });
});
