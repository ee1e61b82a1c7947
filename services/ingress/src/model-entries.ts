import type { ModelDescription } from './model-directory.ts';
import type { ListedModel } from './route-table.ts';

type Entry = Readonly<Record<string, unknown>> & { readonly id: string };
type Describe = (model: string) => ModelDescription;

/** Nobody knows when a model was released; Anthropic's own answer for that is the epoch. */
const unknownDate = '1970-01-01T00:00:00Z';

const defaultPageSize = 1_000;
const maxPageSize = 1_000;

/** A model as OpenAI's clients read it. */
export function openaiEntry({ id, model }: ListedModel, describe: Describe): Entry {
  return { id, object: 'model', created: 0, owned_by: 'sluice', ...(id === model ? {} : { alias_of: model }), ...describe(model) };
}

/** A model as Anthropic's clients read it, the facts that it has no member for beside them. */
export function anthropicEntry({ id, model }: ListedModel, describe: Describe): Entry {
  const { context_window, max_output_tokens, pricing, providers } = describe(model);
  return {
    type: 'model',
    id,
    display_name: id,
    created_at: unknownDate,
    deprecated_at: null,
    lifecycle: 'active',
    line: null,
    max_input_tokens: context_window ?? null,
    max_tokens: max_output_tokens ?? null,
    capabilities: null,
    ...(id === model ? {} : { alias_of: model }),
    ...(pricing === undefined ? {} : { pricing }),
    providers,
  };
}

/** What may stand behind `?` of Anthropic's list. */
export interface PageQuery {
  readonly limit?: string;
  readonly after_id?: string;
  readonly before_id?: string;
}

/** A page of Anthropic's list. All models fit one unless a client asks for fewer. */
export function anthropicPage(models: readonly ListedModel[], { limit, after_id, before_id }: PageQuery, describe: Describe) {
  const asked = Number(limit ?? defaultPageSize);
  const size = Number.isInteger(asked) && asked >= 1 ? Math.min(asked, maxPageSize) : defaultPageSize;
  const after = after_id === undefined ? 0 : models.findIndex(({ id }) => id === after_id) + 1;
  const before = before_id === undefined ? -1 : models.findIndex(({ id }) => id === before_id);
  const start = before < 0 ? after : Math.max(0, before - size);
  const end = before < 0 ? start + size : before;
  const page = models.slice(start, end);
  return {
    data: page.map((model) => anthropicEntry(model, describe)),
    has_more: before < 0 ? end < models.length : start > 0,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  };
}
