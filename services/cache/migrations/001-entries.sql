create schema if not exists cache;

-- One row an answer. Times are epoch milliseconds. Organisation and team are not looked up by: they are part of the
-- key, and stand here so that an operator can erase a tenant.
create table cache.entries (
  key bytea primary key,
  expires_at bigint not null,
  stored_at bigint not null,
  organization text not null,
  team text not null,
  head text not null,
  body bytea not null
);

-- Compressing answers of a few KB costs Postgres more CPU than it saves in pages.
alter table cache.entries alter column body set storage external;

-- Serves both expiry and eviction: what expires first goes first.
create index entries_expires_at on cache.entries (expires_at);
