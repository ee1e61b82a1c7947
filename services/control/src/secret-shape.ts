/** `${NAME}` and nothing else. */
export function referencedVariable(text: string): string | undefined {
  return /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(text)?.[1];
}

/** Prefixes of real keys: OpenAI, Anthropic, Groq, Google, xAI, Hugging Face, Replicate, Perplexity, AWS, GitHub, Slack. */
const keyPrefixes = /^(bearer\s|sk-|sk_|gsk_|aiza|xai-|hf_|r8_|pplx-|akia|asia|gh[pousr]_|github_pat_|xox[abprs]-|eyj)/i;

/**
 * Whether a literal may be a real credential. A word such as `none` or `local-server` is not; a text with a known
 * prefix, of 32 letters or more, or of 16 or more that mixes letters and digits, is taken for one.
 */
export function looksLikeSecret(text: string): boolean {
  if (keyPrefixes.test(text)) return true;
  if (text.length >= 32) return true;
  return text.length >= 16 && /[a-z]/i.test(text) && /[0-9]/.test(text);
}
