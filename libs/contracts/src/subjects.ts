/**
 * Every NATS subject, stream, bucket and header of the bus contract.
 * Organisation, team and stage names are subject tokens: {@link subjectToken} is the shape they must have.
 */
import { z } from 'zod';

const root = 'sluice.v1';

/** A name that may stand as one token of a subject: lower case letters, digits, `-` and `_`, 1 to 64 characters. */
export const subjectToken = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'use 1 to 64 of a-z, 0-9, "-" and "_", beginning with a letter or digit');

export const subjects = {
  /** Request of the slip; queue group is the stage's name. */
  stage: (stage: string) => `${root}.stage.${stage}`,
  /** Request/reply outside the slip: the check routes and output windows. */
  check: (stage: string) => `${root}.check.${stage}`,
  cacheStore: `${root}.cache.store`,
  /** From one replica of the cache to the others: keys that are in Postgres now. */
  cacheStored: `${root}.cache.stored`,
  keyAuthenticate: `${root}.key.authenticate`,
  meteringSettle: `${root}.metering.settle`,
  meteringExtend: `${root}.metering.extend`,
  meteringUsage: `${root}.metering.usage`,
  ledgerRequests: `${root}.ledger.requests`,
  ledgerCalls: `${root}.ledger.calls`,
  ledgerStatement: `${root}.ledger.statement`,
  ledgerExport: `${root}.ledger.export`,
  ledgerPriceList: `${root}.ledger.price-list`,
  ledgerPriceLists: `${root}.ledger.price-lists`,
  ledgerRerate: `${root}.ledger.rerate`,
  ledgerRerating: `${root}.ledger.rerating`,
  ledgerReratings: `${root}.ledger.reratings`,
  ledgerCredit: `${root}.ledger.credit`,
  ledgerWebhookCreate: `${root}.ledger.webhook-create`,
  ledgerWebhooks: `${root}.ledger.webhooks`,
  ledgerWebhookDelete: `${root}.ledger.webhook-delete`,
  ledgerWebhookReplay: `${root}.ledger.webhook-replay`,
  cancel: (requestId: string) => `${root}.cancel.${requestId}`,
  anyCancel: `${root}.cancel.*`,
  presence: (stage: string) => `${root}.presence.${stage}`,
  anyPresence: `${root}.presence.*`,
  usage: (organization: string, team: string) => `${root}.usage.${organization}.${team}`,
  anyUsage: `${root}.usage.>`,
  audit: (organization: string) => `${root}.audit.${organization}`,
  anyAudit: `${root}.audit.>`,
  /** Where a consumer puts what it could not process after its last redelivery. */
  deadLetter: (stream: string, consumer: string) => `${root}.dead.${stream.toLowerCase()}.${consumer}`,
  anyDeadLetter: `${root}.dead.>`,
} as const;

/** JetStream streams and what they hold. */
export const streams = {
  usage: 'USAGE',
  audit: 'AUDIT',
  deadLetters: 'DEAD_LETTERS',
} as const;

export const buckets = {
  /** Key-value bucket with the compiled configuration under {@link configurationKey}. */
  configuration: 'config',
  /** Key-value bucket in which routers tell each other of targets that fail; keys are hashed names of targets. */
  breakers: 'breakers',
  /** Key-value bucket of keys that are slowed for a while, by their key id; see {@link throttleSchema}. */
  throttles: 'throttles',
  /** Object store of bodies too large for one message. */
  bodies: 'bodies',
} as const;

/** The one key of the `config` bucket: the whole snapshot, swapped in at once. */
export const configurationKey = 'snapshot';

export const headers = {
  /** Comma-separated names of the stages still to come after the receiver. */
  slip: 'Sluice-Slip',
  /** Length in bytes of the JSON part at the head of the payload; the body follows. */
  envelope: 'Sluice-Envelope',
  /** Epoch milliseconds after which nobody waits for the answer. */
  deadline: 'Sluice-Deadline',
  /** 1, or 2 for a redispatched request. */
  attempt: 'Sluice-Attempt',
  /** Kind of a message on ingress's inbox, see {@link inboxMessageTypes}. */
  type: 'Sluice-Type',
  /** Position of a chunk in its stream, from 0. */
  sequence: 'Sluice-Sequence',
  /** On chunk 0: the instance that streams, so that ingress notices when it is gone. */
  instance: 'Sluice-Instance',
  /** Object-store name of a body that travels by claim check; the payload then ends after the envelope. */
  claim: 'Sluice-Claim',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  messageId: 'Nats-Msg-Id',
  errorCode: 'Nats-Service-Error-Code',
  error: 'Nats-Service-Error',
} as const;

export const inboxMessageTypes = ['accepted', 'claim', 'unmask', 'chunk', 'final', 'error'] as const;
export type InboxMessageType = (typeof inboxMessageTypes)[number];
