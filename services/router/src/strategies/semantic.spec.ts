import { type Embedder, WorkerEmbedder } from '@sluice/embedding';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { RouteFacts } from './route-facts.ts';
import { candidate, facts, names, orderOf, toolsOf } from './strategy-bench.ts';
import type { Candidate, TargetOrder } from './strategy.ts';

const encoder = new WorkerEmbedder({ clock: Date.now, onRun: () => undefined });
afterAll(() => encoder.close());
afterEach(() => {
  vi.useRealTimers();
});

const targets = [
  candidate('general'),
  candidate('code', {
    examples: ['Write a Python function that sorts a list', 'Fix this bug in my TypeScript code', 'Explain this SQL query'],
  }),
  candidate('travel', { examples: ['Plan a trip to Italy for a week', 'What should I see in Tokyo?', 'Find cheap flights to Madrid'] }),
  candidate('math', { examples: ['Solve the equation x^2 + 3x = 10', 'What is the integral of sin(x)?'] }),
];

/** Made by hand: a text is the angle that it begins with. */
class AngleEmbedder implements Embedder {
  readonly dimensions = 2;
  readonly asked: string[] = [];
  failing = false;

  embed(texts: readonly string[]): Promise<readonly Float32Array[]> {
    if (this.failing) return Promise.reject(new Error('the encoder is out of order'));
    this.asked.push(...texts);
    return Promise.resolve(texts.map((text) => Float32Array.of(Math.cos(Number.parseFloat(text)), Math.sin(Number.parseFloat(text)))));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const saying = (prompt: string): RouteFacts => facts({}, { prompt: () => prompt });
const semantic = (embedder: Embedder, of: readonly Candidate[], clock = () => 0): TargetOrder<Candidate> =>
  orderOf('semantic', of, toolsOf(1, { embedder: () => embedder, clock }));
const ordered = async (order: TargetOrder<Candidate>, request: RouteFacts): Promise<string[]> => names(await order(request));

describe('semantic with the real encoder', () => {
  const order = semantic(encoder, targets);

  it.each([
    ['Can you write a JavaScript function which reverses a string?', 'code'],
    ['Why does my Rust program not compile?', 'code'],
    ['Which museums in Paris are worth a visit?', 'travel'],
    ['I need a hotel in Rome next weekend', 'travel'],
    ['Compute the derivative of x cubed', 'math'],
  ])('%s -> %s', async (prompt, expected) => {
    await encoder.embed(['warm up'], 'request');
    expect((await ordered(order, saying(prompt)))[0]).toBe(expected);
  });

  it.each(['Hello', 'Tell me a joke about cats', 'Write me a poem about autumn', 'Summarise this contract for me'])(
    '%s -> the order of the configuration',
    async (prompt) => {
      expect(await ordered(order, saying(prompt))).toEqual(['general', 'code', 'travel', 'math']);
    },
  );
});

describe('semantic', () => {
  const plain = [candidate('first'), candidate('east', { examples: ['0 rad', '0.3 rad'] }), candidate('north', { examples: ['1.5 rad'] })];

  it('puts all that are near first, the nearest before the others, then the rest as configured', async () => {
    const order = semantic(new AngleEmbedder(), plain);
    expect(await ordered(order, saying('0.1'))).toEqual(['east', 'first', 'north']);
    expect(await ordered(order, saying('1.0'))).toEqual(['north', 'east', 'first']);
  });

  it('embeds the examples once', async () => {
    const embedder = new AngleEmbedder();
    const order = semantic(embedder, plain);
    for (let request = 0; request < 5; request++) await order(saying('1.0'));
    expect(embedder.asked.filter((text) => text.endsWith('rad'))).toEqual(['0 rad', '0.3 rad', '1.5 rad']);
  });

  it('embeds more examples than the encoder takes at once', async () => {
    const many = candidate('many', { examples: Array.from({ length: 100 }, (_, index) => `${index === 99 ? 3 : 0} rad`) });
    expect(await ordered(semantic(new AngleEmbedder(), [candidate('first'), many]), saying('3'))).toEqual(['many', 'first']);
  });

  it('goes by the configuration where there is no text', () => {
    expect(names(semantic(new AngleEmbedder(), plain)(facts()) as readonly Candidate[])).toEqual(['first', 'east', 'north']); // no text, no promise
  });

  it('goes by the configuration while the encoder fails, and tries the examples again after a while', async () => {
    const embedder = new AngleEmbedder();
    embedder.failing = true;
    let now = 0;
    const order = semantic(embedder, plain, () => now);
    expect(await ordered(order, saying('1.5'))).toEqual(['first', 'east', 'north']);
    embedder.failing = false;
    expect(await ordered(order, saying('1.5'))).toEqual(['first', 'east', 'north']);
    now += 10_000;
    expect((await ordered(order, saying('1.5')))[0]).toBe('north');
  });

  it('waits no longer than a second for the encoder', async () => {
    vi.useFakeTimers();
    const stuck: Embedder = { dimensions: 2, embed: () => new Promise(() => undefined), close: () => Promise.resolve() };
    const waiting = ordered(semantic(stuck, plain), saying('1.5'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await waiting).toEqual(['first', 'east', 'north']);
  });

  it('starts no encoder where no target has an example', () => {
    const order = orderOf('semantic', [candidate('x'), candidate('y')], {
      ...toolsOf(1),
      embedder: () => {
        throw new Error('started');
      },
    });
    expect(names(order(saying('anything')))).toEqual(['x', 'y']);
  });

  it('goes by the first text of a conversation where the model is sticky', async () => {
    const order = orderOf('semantic', plain, toolsOf(1, { embedder: () => new AngleEmbedder() }), true);
    expect((await ordered(order, facts({}, { prompt: () => '0', opening: () => '1.5' })))[0]).toBe('north');
  });
});
