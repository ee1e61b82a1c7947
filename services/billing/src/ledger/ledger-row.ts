import { roundOfIntent, usageEventTypes, type UsageEvent } from '@sluice/contracts';
import type { LedgerRow } from './ledger-columns.ts';

export type EndEvent = Exclude<UsageEvent, { type: typeof usageEventTypes.intent }>;
export type IntentEvent = Extract<UsageEvent, { type: typeof usageEventTypes.intent }>;

/** Columns that ledger rows and open intents have in common. */
function commonColumns({ id, data }: UsageEvent, position: number) {
  return {
    request_id: data.requestId,
    event_id: id,
    position,
    organization: data.organization,
    team: data.team,
    key_id: data.keyId,
    user_name: data.user,
    tags: data.tags,
    dialect: data.dialect,
    stream: data.stream,
    config_version: data.configVersion,
    model_asked: data.modelAsked,
  };
}

/** The ledger row of a request's end. */
export function ledgerRow(event: EndEvent, time: number, position: number): LedgerRow {
  const row = { ...commonColumns(event, position), ended_at: new Date(time).toISOString(), admitted: event.data.admitted };
  if (event.type === usageEventTypes.refused) {
    const { status, errorCode, stage, guards, latencyMs } = event.data;
    const nothing = {
      input_tokens: 0,
      output_tokens: 0,
      cached_tokens: 0,
      cache_write_tokens: 0,
      reasoning_tokens: 0,
      tokens_estimated: false,
    };
    return {
      ...row,
      ...nothing,
      outcome: 'refused',
      status,
      error_code: errorCode,
      refused_by: stage,
      attempts: [],
      cost_nano_usd: '0',
      guards,
      latency_ms: latencyMs,
    };
  }
  const { data } = event;
  return {
    ...row,
    outcome: data.outcome,
    provider: data.provider,
    model_used: data.modelUsed,
    status: data.status,
    error_code: data.errorCode,
    finish_reason: data.finishReason,
    attempts: data.attempts,
    input_tokens: data.usage.input,
    output_tokens: data.usage.output,
    cached_tokens: data.usage.cached ?? 0,
    cache_write_tokens: data.usage.cacheWrite ?? 0,
    reasoning_tokens: data.usage.reasoning ?? 0,
    tokens_estimated: data.usage.estimated ?? false,
    cost_nano_usd: data.costNanoUsd,
    price_version: data.priceVersion,
    saved_nano_usd: data.savedNanoUsd,
    cache: data.cache,
    guards: data.guards,
    masked: data.masked,
    latency_ms: data.latencyMs,
    time_to_first_token_ms: data.timeToFirstTokenMs,
  };
}

/** Columns of `billing.open_intent`, as `json_populate_recordset` reads them; an absent member becomes null. */
export function intentRow(event: IntentEvent, time: number, position: number) {
  const { data } = event;
  return {
    ...commonColumns(event, position),
    round: roundOfIntent(event.id),
    started_at: new Date(time).toISOString(),
    deadline: new Date(data.deadline).toISOString(),
    reserved_input_tokens: data.reserved.inputTokens,
    reserved_output_tokens: data.reserved.outputTokens,
    reserved_nano_usd: data.reserved.costNanoUsd,
  };
}
export type IntentRow = ReturnType<typeof intentRow>;
