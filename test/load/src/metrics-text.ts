/** Sum of a metric over all its label sets, or those that match, in Prometheus' text format; 0 when it has none. */
export function sumOfSamples(text: string, metric: string, labels?: RegExp): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    const [, name, set = '', value] = /^([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)$/.exec(line) ?? [];
    if (name === metric && (labels === undefined || labels.test(set))) sum += Number(value);
  }
  return sum;
}
