CREATE SCHEMA IF NOT EXISTS control;

-- Each activation is a row of its own and is never changed; the highest version is in force.
CREATE TABLE control.configuration_version (
  version integer PRIMARY KEY,
  author text NOT NULL,
  activated_at timestamptz NOT NULL DEFAULT now(),
  source text NOT NULL CHECK (source IN ('file', 'api', 'rollback')),
  -- As written, completed with the defaults; references to secrets only.
  document jsonb NOT NULL,
  diff jsonb NOT NULL,
  sha256 text NOT NULL,
  -- Hash of the file alone, before completion; tells at a restart whether the operator changed it.
  file_sha256 text,
  rolled_back_to integer REFERENCES control.configuration_version (version)
);

CREATE TABLE control.virtual_key (
  key_id text PRIMARY KEY,
  name text NOT NULL,
  organization text NOT NULL,
  team text NOT NULL,
  -- HMAC-SHA-256 under the pepper of the key's SHA-256; the key itself is stored nowhere.
  key_hmac text NOT NULL,
  models jsonb,
  policy text,
  limits jsonb NOT NULL,
  budgets jsonb NOT NULL,
  source text NOT NULL CHECK (source IN ('file', 'api')),
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz,
  revoked_by text CHECK (revoked_by IN ('file', 'admin'))
);

CREATE UNIQUE INDEX virtual_key_live_name ON control.virtual_key (organization, team, name) WHERE revoked_at IS NULL AND source = 'api';

CREATE TABLE control.audit_event (
  event_id text PRIMARY KEY,
  occurred_at timestamptz NOT NULL,
  type text NOT NULL,
  source text NOT NULL,
  sequence bigint NOT NULL,
  organization text NOT NULL,
  team text,
  key_id text,
  request_id text,
  actor text NOT NULL,
  action text NOT NULL,
  outcome text NOT NULL,
  detail jsonb NOT NULL
);

CREATE INDEX audit_event_time ON control.audit_event (occurred_at DESC, event_id DESC);
CREATE INDEX audit_event_organization_time ON control.audit_event (organization, occurred_at DESC);
CREATE INDEX audit_event_request ON control.audit_event (request_id) WHERE request_id IS NOT NULL;
