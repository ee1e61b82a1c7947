/** What a Claude model takes, as far as it changes how a request must be written. */
export interface ClaudeModel {
  /** `thinking.type: adaptive` with an effort. Others take a number of thinking tokens. */
  readonly adaptive: boolean;
  /** Thinking may be given a number of tokens. */
  readonly budgets: boolean;
  /** Thinking cannot be switched off. */
  readonly alwaysThinks: boolean;
  /** Takes `temperature`, `top_p` and `top_k`. */
  readonly sampling: boolean;
  /** Takes `temperature` and `top_p` together. */
  readonly bothSamplings: boolean;
  /** Knows the effort `xhigh`. */
  readonly xhigh: boolean;
  /** Hides its thoughts unless told to sum them up. */
  readonly hidesThoughts: boolean;
  /** Takes `output_config.format` and strict tools. */
  readonly schemas: boolean;
  /** Output limit taken where the client sets none. */
  readonly defaultMaxTokens: number;
}

/**
 * Facts by the version in a model's name, of Anthropic's model overview and of its documentation on thinking, effort and
 * structured outputs (November 2026). The default limit is what each generation can write at least, up to 32,000: a limit
 * reserves nothing, but one above the model's own is refused. A name without a version belongs to another vendor that
 * copies the format: it is asked in the oldest form, which all of them know, and only features that the client named are sent.
 */
export function claudeModel(name: string): ClaudeModel {
  const version = versionOf(name);
  const known = version !== undefined;
  const at = (least: number) => known && version >= least;
  const alwaysThinks = /claude-(?:fable|mythos)/.test(name) || (at(5.5) && !name.includes('haiku'));
  return {
    adaptive: at(4.6) || alwaysThinks,
    budgets: !at(4.7) && !alwaysThinks,
    alwaysThinks,
    sampling: !at(4.7) && !alwaysThinks,
    bothSamplings: !at(4.1),
    xhigh: at(4.7) || alwaysThinks,
    hidesThoughts: at(4.7) || alwaysThinks,
    schemas: !known || at(4.5),
    defaultMaxTokens: !known ? 8_192 : at(3.7) ? 32_000 : at(3.5) ? 8_192 : 4_096,
  };
}

/** 4.6 of `claude-opus-4-6`, 4 of `claude-sonnet-4-20250514`, 3.7 of `claude-3-7-sonnet-latest`; newest for a Claude that names none. */
function versionOf(name: string): number | undefined {
  const [, major, minor] = /claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/.exec(name) ?? [];
  if (major === undefined) return undefined;
  return Number(major) + Number(minor ?? 0) / 10;
}
