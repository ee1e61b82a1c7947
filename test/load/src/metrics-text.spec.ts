import { expect, it } from 'vitest';
import { sumOfSamples } from './metrics-text.ts';

const text = `# HELP requests_total Requests
# TYPE requests_total counter
requests_total{model="a b",status="200"} 40
requests_total{model="a b",status="499"} 2
requests_total_other 7
rows_total 12
`;

it('adds up every label set of one metric', () => {
  expect(sumOfSamples(text, 'requests_total')).toBe(42);
  expect(sumOfSamples(text, 'rows_total')).toBe(12);
});

it('adds up only the label sets asked for', () => {
  expect(sumOfSamples(text, 'requests_total', /status="499"/)).toBe(2);
});

it('is nothing for a metric that has no sample', () => {
  expect(sumOfSamples(text, 'requests')).toBe(0);
});
