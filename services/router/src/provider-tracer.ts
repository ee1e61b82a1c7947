import { context, propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Dialect, Envelope, ProviderAttempt } from '@sluice/contracts';
import type { Target } from './target.ts';

export interface ProviderSpan {
  /** `traceparent` and `tracestate` that make the provider's own spans children of this one. */
  readonly headers: Readonly<Record<string, string>>;
  end(attempt: ProviderAttempt, finishReason?: string): void;
}

/** One client span a call, by the OpenTelemetry conventions for GenAI; no content. */
export interface ProviderTracer {
  begin(target: Target, envelope: Envelope, ordinal: number): ProviderSpan;
}

/** Names of the conventions for what a dialect asks. */
const operations: Readonly<Record<Dialect, string>> = {
  'openai-chat': 'chat',
  'openai-completions': 'text_completion',
  'openai-responses': 'chat',
  'openai-embeddings': 'embeddings',
  'anthropic-messages': 'chat',
  'anthropic-count-tokens': 'count_tokens',
};

export function createProviderTracer(): ProviderTracer {
  const tracer = trace.getTracer('@sluice/router');
  return {
    begin(target, envelope, ordinal) {
      const operation = operations[envelope.dialect];
      const span = tracer.startSpan(`${operation} ${target.config.model}`, {
        kind: SpanKind.CLIENT,
        attributes: {
          'gen_ai.operation.name': operation,
          'gen_ai.provider.name': target.upstream.adapter.telemetryName ?? target.config.provider,
          'gen_ai.request.model': target.config.model,
          'server.address': target.upstream.host,
          'sluice.request_id': envelope.id,
          'sluice.attempt': ordinal,
        },
      });
      const headers: Record<string, string> = {};
      propagation.inject(trace.setSpan(context.active(), span), headers);
      return {
        headers,
        end: (attempt, finishReason) => {
          endSpan(span, attempt, finishReason);
        },
      };
    },
  };
}

function endSpan(span: Span, attempt: ProviderAttempt, finishReason: string | undefined): void {
  const { status, usage, failure, timeToFirstTokenMs } = attempt;
  if (status !== 0) span.setAttribute('http.response.status_code', status);
  if (finishReason !== undefined) span.setAttribute('gen_ai.response.finish_reasons', [finishReason]);
  if (timeToFirstTokenMs !== undefined) span.setAttribute('sluice.time_to_first_token_ms', timeToFirstTokenMs);
  if (usage !== undefined) {
    span.setAttribute('gen_ai.usage.input_tokens', usage.input);
    span.setAttribute('gen_ai.usage.output_tokens', usage.output);
    if (usage.cached !== undefined) span.setAttribute('gen_ai.usage.cache_read.input_tokens', usage.cached);
    if (usage.cacheWrite !== undefined) span.setAttribute('gen_ai.usage.cache_creation.input_tokens', usage.cacheWrite);
    if (usage.reasoning !== undefined) span.setAttribute('gen_ai.usage.reasoning.output_tokens', usage.reasoning);
  }
  if (failure !== undefined) {
    span.setAttribute('error.type', failure);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}
