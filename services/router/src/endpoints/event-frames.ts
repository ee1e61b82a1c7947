import { type SseEvent, SseParser } from '@sluice/dialects';
import { AwsEventStreamParser } from '../providers/amazon-bedrock/aws-event-stream.ts';
import type { Wire } from '../providers/provider-adapter.ts';

/** Cuts a provider's bytes into events, wherever they are split. */
export interface EventFrames {
  push(bytes: Uint8Array): SseEvent[];
  end(): SseEvent[];
}

export function openFrames(wire: Wire): EventFrames {
  return wire.framing === 'aws-event-stream' ? new AwsEventStreamParser() : new SseParser();
}
