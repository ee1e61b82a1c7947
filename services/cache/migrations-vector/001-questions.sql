-- Needs the extension vector, 0.7 or later (halfvec). Half precision keeps a row of 512 dimensions within its page,
-- so that a search inside a scope reads no TOAST chunks.
create table cache.questions (
  key bytea primary key,
  scope bytea not null,
  expires_at bigint not null,
  stored_at bigint not null,
  question text not null,
  vector halfvec(512) not null
);

-- A scope (tenant, model, system prompt, history …) is a hard predicate and small: the newest rows of it are compared
-- exactly. An HNSW index over all tenants would first find neighbours of other scopes and lose the right ones.
create index questions_scope on cache.questions (scope, stored_at desc);
create index questions_expires_at on cache.questions (expires_at);
