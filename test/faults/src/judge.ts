import type { Question, Seen } from './ask.ts';

/** What the simulated provider says to a question; masked or cut text is not it. */
function rightAnswer({ model, text }: Question): string {
  return `The simulated model ${model === 'three' ? 'sim-small' : 'sim'} was asked: ${text}`;
}

/**
 * What is wrong with what a client saw, or undefined where it is in order: the whole right answer without an error, or
 * exactly one error after nothing but the beginning of the right answer.
 * @param another a healthy target stands behind the faulty one, so that before the first byte nothing may go wrong
 */
export function judge(question: Question, seen: Seen, another: boolean, deadlineMs: number): string | undefined {
  const right = rightAnswer(question);
  if (seen.latencyMs > deadlineMs) return `took ${seen.latencyMs.toFixed(0)} ms`;
  if (seen.status === 200 && seen.errors === 0 && seen.ended && seen.text === right) return undefined;
  if (seen.errors !== 1)
    return `${seen.errors} errors, status ${seen.status}, ${seen.ended ? 'ended' : 'no end'}, text "${seen.text.slice(0, 60)}"`;
  if (seen.status === 200) {
    if (!question.stream) return 'an error with status 200';
    if (seen.ended) return 'an error and an end';
    if (seen.text === '' && another) return 'an error before the first byte, though another target was well';
    return right.startsWith(seen.text) ? undefined : `wrong text "${seen.text.slice(0, 60)}"`;
  }
  if (another) return `status ${seen.status}, though another target was well`;
  if (seen.status < 400 || seen.status === 500) return `status ${seen.status}`;
  if ((seen.status === 429 || seen.status === 503) && !seen.retryAfter) return `status ${seen.status} without retry-after`;
  return undefined;
}
