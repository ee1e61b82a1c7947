/**
 * Sums by what statements group by, kept beside the fine ones of `rollup`: a statement reads one grouping of one organisation and period.
 * Users and tags are whatever clients send, so their names are bounded for each organisation and period: those beyond are summed under
 * {@link otherNames}, and only `rollup` (exports, narrowed statements) tells them apart. Totals hold them all.
 */
export const otherNames = '(others)';

/** Rows, three or four a name, of one user or tag grouping in a month, and in a day: 60,000 are read in about 0.1 s. */
export const maxGroupRows = { month: 60_000, day: 15_000 } as const;

/** A row of `rollup` once for each thing that it can be grouped by. A line without a tag is in none of that tag's groups: statements subtract. */
const parts = `LATERAL (
    VALUES ('organization', ''), ('team', team), ('key', key_id), ('user', user_name), ('model', model), ('provider', provider)
    UNION ALL SELECT 'tag:' || key, value FROM jsonb_each_text(tags)
  ) AS part (grouped_by, name)`;

const key = 'organization, grouped_by, monthly, day';
const dimensionOf = (name: string): string => `md5(ROW(${name}, entry_kind, kind)::text)::uuid`;

/** CTEs from `fine` (rows of `rollup` that were just added up) to the table; `$month` and `$day` are parameters with {@link maxGroupRows}. */
export const groupSumCtes = (month: number, day: number): string => `by_day AS MATERIALIZED (
  SELECT organization, grouped_by, day, name, entry_kind, kind, sum(lines) AS lines, sum(tokens) AS tokens,
    coalesce(sum(tokens) FILTER (WHERE NOT priced), 0) AS unpriced_tokens, sum(amount_nano_usd) AS amount_nano_usd
  FROM fine, ${parts} GROUP BY 1, 2, 3, 4, 5, 6
), grouped AS MATERIALIZED (
  SELECT *, ${dimensionOf('name')} AS dimension FROM (
    SELECT organization, grouped_by, false AS monthly, day, name, entry_kind, kind, lines, tokens, unpriced_tokens, amount_nano_usd FROM by_day
    UNION ALL
    SELECT organization, grouped_by, true, date_trunc('month', day)::date AS month, name, entry_kind, kind,
      sum(lines), sum(tokens), sum(unpriced_tokens), sum(amount_nano_usd)
    FROM by_day GROUP BY 1, 2, month, 5, 6, 7
  ) AS both_grains
), crowded AS MATERIALIZED (
  SELECT ${key}, room FROM (
    SELECT ${key}, added, (CASE WHEN monthly THEN $${month}::bigint ELSE $${day}::bigint END) - (
      SELECT count(*) FROM billing.group_sum AS known
      WHERE (known.organization, known.grouped_by, known.monthly, known.day) = (batch.organization, batch.grouped_by, batch.monthly, batch.day)
    ) AS room
    FROM (
      SELECT ${key}, count(*) AS added FROM grouped WHERE grouped_by = 'user' OR grouped_by LIKE 'tag:%' GROUP BY ${key}
    ) AS batch
  ) AS measured WHERE added > room
), foreign_names AS MATERIALIZED (
  SELECT ${key}, dimension FROM (
    SELECT ${key}, dimension, room, row_number() OVER (PARTITION BY ${key} ORDER BY dimension) AS place
    FROM grouped JOIN crowded USING (${key})
    WHERE NOT EXISTS (SELECT FROM billing.group_sum AS known WHERE (known.organization, known.grouped_by, known.monthly, known.day, known.dimension)
      = (grouped.organization, grouped.grouped_by, grouped.monthly, grouped.day, grouped.dimension))
  ) AS new_names WHERE place > room
), named AS (
  SELECT ${key}, CASE WHEN other.dimension IS NULL THEN name ELSE '${otherNames}' END AS name,
    entry_kind, kind, lines, tokens, unpriced_tokens, amount_nano_usd
  FROM grouped LEFT JOIN foreign_names AS other USING (${key}, dimension)
), summed AS (
  INSERT INTO billing.group_sum AS known (${key}, dimension, name, entry_kind, kind, lines, tokens, unpriced_tokens, amount_nano_usd)
  SELECT ${key}, ${dimensionOf('name')} AS dimension, name, entry_kind, kind, sum(lines), sum(tokens), sum(unpriced_tokens), sum(amount_nano_usd)
  FROM named GROUP BY ${key}, name, entry_kind, kind ORDER BY ${key}, dimension
  ON CONFLICT (${key}, dimension) DO UPDATE SET
    lines = known.lines + excluded.lines,
    tokens = known.tokens + excluded.tokens,
    unpriced_tokens = known.unpriced_tokens + excluded.unpriced_tokens,
    amount_nano_usd = known.amount_nano_usd + excluded.amount_nano_usd
)`;
