/** What is sent to the gateway, with what budget. Prices are such that a token of output costs USD 0.001. */

export interface Ask {
  readonly model: string;
  readonly stream: boolean;
  /** Undefined: the request states none. */
  readonly maxTokens: number | undefined;
  readonly outputTokens: number;
  /** What the provider counts of the prompt; undefined: four bytes a token. */
  readonly inputTokens: number | undefined;
  /** In one event of a stream. */
  readonly eventTokens: number;
  readonly prompt: string;
}

export interface Burst {
  readonly requests: number;
  /** Sent at once; the others follow as answers come. */
  readonly parallel: number;
  readonly ask: (index: number) => Ask;
}

export interface Scenario {
  readonly name: string;
  readonly budgetUsd: number;
  /** USD for a million tokens of input. */
  readonly inputPerMillion: number;
  /** Sent first: it teaches metering what the key usually gets. */
  readonly before: Burst | undefined;
  readonly burst: Burst;
}

const requests = Number(process.env.ADMISSION_REQUESTS ?? 1_000);
/** Longest answer of a model of which the catalogue knows nothing, as the gateway is told. */
export const mostOutputTokens = 200;
/** About nine bytes a token for the provider's log of English, one and a half for a text of symbols. */
const english = 'Please say in a few plain words what this request is about. ';
const symbols = '∮⟨ψ|Ĥ|ψ⟩∯ ℵ₀≢ℶ₁ ';

const usual: Ask = {
  model: 'sim',
  stream: false,
  maxTokens: 20,
  outputTokens: 20,
  inputTokens: undefined,
  eventTokens: 3,
  prompt: english,
};
/** Every other one streamed, in runs of two, so that other choices by index meet both. */
const streamed = (index: number): boolean => index % 4 > 1;
const atOnce = (ask: (index: number) => Partial<Ask>): Burst => ({
  requests,
  parallel: requests,
  ask: (index) => ({ ...usual, stream: streamed(index), ...ask(index) }),
});
/** Each of three replicas is to know twenty answers to each model at least, so they are short and many. */
const learn = (ask: (index: number) => Partial<Ask>): Burst => ({
  requests: 150,
  parallel: 15,
  ask: (index) => ({ ...usual, stream: streamed(index), ...ask(index) }),
});
/** Providers differ in how much they send at once. */
const eventSizes = [1, 5, 30];
/** One answer in ten is far longer than what was learned. */
const oftenShort = (index: number, long: number): number => (index % 10 === 7 ? long : 12 + (index % 9));

export const scenarios: readonly Scenario[] = [
  {
    name: 'each uses what it may (max_tokens 20)',
    budgetUsd: 2,
    inputPerMillion: 0,
    before: undefined,
    burst: atOnce(() => ({})),
  },
  {
    name: 'each uses half of what it may (max_tokens 40)',
    budgetUsd: 2,
    inputPerMillion: 0,
    before: undefined,
    burst: atOnce(() => ({ maxTokens: 40 })),
  },
  {
    name: 'answers longer than what was learned (max_tokens 100)',
    budgetUsd: 5,
    inputPerMillion: 0,
    before: learn(() => ({ maxTokens: 100, outputTokens: 16 })),
    burst: atOnce((index) => ({
      maxTokens: 100,
      outputTokens: oftenShort(index, 100),
      eventTokens: eventSizes[index % eventSizes.length] ?? usual.eventTokens,
    })),
  },
  {
    name: 'a third states no max_tokens (200 is the most)',
    budgetUsd: 6,
    inputPerMillion: 0,
    before: learn(() => ({ maxTokens: undefined, outputTokens: 16 })),
    burst: atOnce((index) =>
      index % 3 === 0
        ? { maxTokens: undefined, outputTokens: oftenShort(index, mostOutputTokens) }
        : { maxTokens: 60, outputTokens: oftenShort(index, 60) },
    ),
  },
  {
    name: 'input of many tokens a byte',
    budgetUsd: 20,
    inputPerMillion: 500,
    before: undefined,
    burst: atOnce((index) => ({ prompt: symbols.repeat(6), inputTokens: 150 + (index % 5) * 20 })),
  },
  {
    name: 'two models, dear and cheap, all of this together',
    budgetUsd: 18,
    inputPerMillion: 100,
    before: learn((index) => ({ model: index % 2 === 0 ? 'sim' : 'dear', maxTokens: 80, outputTokens: 16 })),
    burst: atOnce((index) => ({
      model: index % 3 === 0 ? 'dear' : 'sim',
      maxTokens: index % 5 === 0 ? undefined : 80,
      outputTokens: oftenShort(index, index % 5 === 0 ? 150 : 80),
      ...(index % 2 === 0 ? {} : { prompt: symbols.repeat(2), inputTokens: 60 }),
    })),
  },
];
