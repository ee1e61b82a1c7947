import { wordsOf, type Words } from '../veto/words.ts';

interface Scope {
  /** Taken apart when first compared: most never are. */
  readonly questions: Map<string, string | Words>;
  /** Whether all that is stored in the scope, by any replica, is here. */
  complete: boolean;
}

const maxScopes = 20_000;
const maxQuestionsPerScope = 64;

/**
 * Questions of small scopes that this process has seen stored from their first on. Where none of them could be
 * accepted at any similarity, encoding the question would be in vain: prompts that differ in a number, say.
 */
export class QuestionMemory {
  readonly #scopes = new Map<string, Scope>();

  /** `wasEmpty`: nothing was stored in the scope before. */
  add(scope: string, key: string, question: string, wasEmpty: boolean): void {
    const known = this.#scopes.get(scope) ?? { questions: new Map<string, string | Words>(), complete: wasEmpty };
    if (known.questions.size >= maxQuestionsPerScope && !known.questions.has(key)) this.#forget(known);
    if (known.complete) known.questions.set(key, question);
    this.#scopes.delete(scope);
    this.#scopes.set(scope, known);
    for (const oldest of this.#scopes.keys()) {
      if (this.#scopes.size <= maxScopes) break;
      this.#scopes.delete(oldest);
    }
  }

  /** Another replica has stored in the scope. */
  markIncomplete(scope: string): void {
    const known = this.#scopes.get(scope);
    if (known !== undefined) this.#forget(known);
  }

  /** Whether `test` holds for anything stored in the scope; true where not all of that is known. */
  mayHold(scope: string, test: (words: Words) => boolean): boolean {
    const known = this.#scopes.get(scope);
    if (known?.complete !== true) return true;
    for (const [key, question] of known.questions) {
      const words = typeof question === 'string' ? wordsOf(question) : question;
      if (typeof question === 'string') known.questions.set(key, words);
      if (test(words)) return true;
    }
    return false;
  }

  #forget(scope: Scope): void {
    scope.complete = false;
    scope.questions.clear();
  }
}
