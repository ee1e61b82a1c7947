import { afterAll, describe, expect, it } from 'vitest';
import { WorkerEmbedder } from './worker-embedder.ts';

const runs: number[] = [];
const embedder = new WorkerEmbedder({ clock: Date.now, onRun: (milliseconds) => runs.push(milliseconds) });
afterAll(() => embedder.close());

const cosine = (left: Float32Array, right: Float32Array): number =>
  left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);

describe('WorkerEmbedder', () => {
  it('gives vectors of length 1 in the order of the texts', async () => {
    const texts = ['How do I cancel my order?', 'What is the capital of France?', 'How do I cancel my order?'];
    const vectors = await embedder.embed(texts, 'request');
    expect(vectors.map(({ length }) => length)).toEqual([512, 512, 512]);
    const [cancel, capital, again] = vectors;
    if (cancel === undefined || capital === undefined || again === undefined) throw new Error('three vectors');
    expect(cosine(cancel, cancel)).toBeCloseTo(1, 5);
    expect(cosine(cancel, again)).toBeCloseTo(1, 5);
    expect(cosine(cancel, capital)).toBeLessThan(0.5);
  });

  it('gathers what waits into one run, and gives each caller its own', async () => {
    const before = runs.length;
    const callers = await Promise.all(Array.from({ length: 5 }, (_, index) => embedder.embed([`text number ${index}`], 'background')));
    expect(callers.map((vectors) => vectors.length)).toEqual([1, 1, 1, 1, 1]);
    expect(runs.length - before).toBe(2);
  });

  it('rejects beyond its queue', async () => {
    const settled = await Promise.allSettled(Array.from({ length: 40 }, () => embedder.embed(['queued'], 'background')));
    expect(settled.filter(({ status }) => status === 'rejected').length).toBe(40 - 25);
  });

  it('rejects what is under way when it is closed, and stays out of order', async () => {
    const closing = new WorkerEmbedder({ clock: () => 0, onRun: () => undefined });
    const waiting = closing.embed(['never'], 'request');
    await Promise.all([expect(waiting).rejects.toThrow('closed'), closing.close()]);
    await expect(closing.embed(['later'], 'request')).rejects.toThrow('out of order');
  });
});
