import { z } from 'zod';
import type { SchemaName } from './json-schemas.ts';
import { ledgerCalls } from './ledger-calls.ts';
import { calls, type ServiceCall } from './services.ts';
import { headers, inboxMessageTypes, streams, subjects } from './subjects.ts';

interface Message {
  readonly title: string;
  readonly summary?: string;
  readonly contentType: string;
  readonly headers?: object;
  readonly payload: object;
}

interface Channel {
  readonly address: string;
  readonly description: string;
  readonly messages: Record<string, { readonly $ref: string }>;
  readonly parameters?: Record<string, { readonly description: string }>;
}

/** Of the bus contract: the major number is that of `sluice.v1` in every subject. */
export const contractVersion = '1.0.0';

const json = 'application/json';
const framed = 'application/octet-stream';

const parameters = {
  stage: 'Name of a stage, as pipelines list it',
  requestId: 'Id of the request, req_ and 26 characters',
  organization: 'Organisation of the calling key',
  team: 'Team of the calling key',
  stream: 'Stream in lower case',
  consumer: 'Durable consumer that gave the message up',
};
type Parameter = keyof typeof parameters;

/** Names and meaning of our message headers, as the schema of one message's. */
function headerSchema(fields: Partial<Record<keyof typeof headers, string>>, required: readonly (keyof typeof headers)[]): object {
  const properties = Object.entries(fields).map(([field, description]) => [
    headers[field as keyof typeof headers], // keys of a partial record of `headers`
    { type: 'string', description },
  ]);
  return { type: 'object', properties: Object.fromEntries(properties) as object, required: required.map((field) => headers[field]) };
}

const traceHeaders = { traceparent: 'W3C trace context', tracestate: 'W3C trace state' } as const;
const frameNote = 'The JSON of the schema, then raw bytes; header Sluice-Envelope gives the length of the JSON';

function fromSchema(title: string, schema: SchemaName, more: Partial<Message> = {}): Message {
  return { title, contentType: json, payload: { $ref: `./schemas/${schema}.json` }, ...more };
}

const inboxHeaders = headerSchema(
  {
    type: `Kind of the message: ${inboxMessageTypes.join(', ')}`,
    attempt: 'Attempt that it belongs to',
    sequence: 'Position of a chunk from 0; on final and error of a stream the number of chunks',
    envelope: 'Length of the JSON head',
    claim: 'Size and object-store name of a body too large for a message',
  },
  ['type', 'attempt'],
);

const messages = {
  stageRequest: fromSchema('Request on its way along the slip', 'envelope', {
    summary: frameNote,
    contentType: framed,
    headers: headerSchema(
      {
        slip: 'Stages still to come, comma-separated; absent at the last',
        envelope: 'Length of the JSON head in bytes',
        deadline: 'Epoch milliseconds after which nobody waits',
        attempt: '1, or more where the request was sent round again',
        claim: 'Size and object-store name of a body too large for a message',
        ...traceHeaders,
      },
      ['envelope', 'deadline', 'attempt'],
    ),
  }),
  accepted: {
    title: 'accepted or claim: a provider is about to be called',
    contentType: json,
    headers: inboxHeaders,
    payload: {
      type: 'object',
      required: ['instance'],
      properties: {
        instance: { type: 'string' },
        provider: { type: 'string' },
        model: { type: 'string' },
        startedAt: { type: 'number', description: 'Epoch milliseconds' },
      },
    },
  },
  unmask: fromSchema('unmask: what masking replaced', 'unmask-table', { headers: inboxHeaders }),
  answer: fromSchema('chunk 0 of a stream, or final', 'answer', { summary: frameNote, contentType: framed, headers: inboxHeaders }),
  chunk: {
    title: 'chunk: whole server-sent events',
    contentType: framed,
    headers: inboxHeaders,
    payload: { type: 'string', format: 'binary' },
  },
  failure: fromSchema('error: the request ended without an answer', 'failure', { headers: inboxHeaders }),
  cacheStore: fromSchema('Answer to keep', 'cache-store', {
    summary: frameNote,
    contentType: framed,
    headers: headerSchema({ envelope: 'Length of the JSON head in bytes' }, ['envelope']),
  }),
  cacheStored: { title: 'Keys that are stored now', contentType: json, payload: {} },
  cancel: { title: 'The client has gone; empty', contentType: json, payload: { type: 'null' } },
  presence: fromSchema('Heartbeat', 'presence'),
  usageEvent: fromSchema('Usage event', 'usage-event', {
    contentType: 'application/cloudevents+json',
    headers: headerSchema({ messageId: 'Id of the event, the deduplication key' }, ['messageId']),
  }),
  auditEvent: fromSchema('Audit event', 'audit-event', {
    contentType: 'application/cloudevents+json',
    headers: headerSchema({ messageId: 'Id of the event, the deduplication key' }, ['messageId']),
  }),
  deadLetter: { title: 'Message that could not be processed, as it came', contentType: framed, payload: {} },
} satisfies Record<string, Message>;

type MessageName = keyof typeof messages;

function channel(address: string, description: string, names: readonly MessageName[], of: readonly Parameter[] = []): Channel {
  const found = Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }]));
  const known = Object.fromEntries(of.map((name) => [name, { description: parameters[name] }]));
  return { address, description, messages: found, ...(of.length === 0 ? {} : { parameters: known }) };
}

const inboxMessages = ['accepted', 'unmask', 'answer', 'chunk', 'failure'] as const;

const channels = {
  stage: channel(subjects.stage('{stage}'), 'Requests of a stage; queue group is its name', ['stageRequest'], ['stage']),
  inbox: {
    ...channel('{inbox}', 'Reply inbox of ingress: the reply subject of every stage request', inboxMessages),
    parameters: { inbox: { description: 'Reply subject of the request, chosen by ingress' } },
  },
  cacheStore: channel(subjects.cacheStore, 'Answers that the cache may keep, after they went out', ['cacheStore']),
  cacheStored: channel(subjects.cacheStored, 'From one replica of the cache to the others', ['cacheStored']),
  cancel: channel(subjects.cancel('{requestId}'), 'Ends the work on a request', ['cancel'], ['requestId']),
  presence: channel(subjects.presence('{stage}'), 'From every instance, each second and on leaving', ['presence'], ['stage']),
  usage: channel(
    subjects.usage('{organization}', '{team}'),
    `Usage events; JetStream stream ${streams.usage}`,
    ['usageEvent'],
    ['organization', 'team'],
  ),
  audit: channel(subjects.audit('{organization}'), `Audit events; JetStream stream ${streams.audit}`, ['auditEvent'], ['organization']),
  deadLetter: channel(
    subjects.deadLetter('{stream}', '{consumer}'),
    `What a consumer gave up; JetStream stream ${streams.deadLetters}`,
    ['deadLetter'],
    ['stream', 'consumer'],
  ),
};

type Direction = readonly [service: string, action: 'send' | 'receive', channel: keyof typeof channels];

/** Who sends and who receives: one operation a row. */
const directions: readonly Direction[] = [
  ['ingress', 'send', 'stage'],
  ['stages', 'receive', 'stage'],
  ['stages', 'send', 'inbox'],
  ['ingress', 'receive', 'inbox'],
  ['ingress', 'send', 'cacheStore'],
  ['cache', 'receive', 'cacheStore'],
  ['cache', 'send', 'cacheStored'],
  ['cache', 'receive', 'cacheStored'],
  ['ingress', 'send', 'cancel'],
  ['stages', 'receive', 'cancel'],
  ['stages', 'send', 'presence'],
  ['ingress', 'receive', 'presence'],
  ['ingress', 'send', 'usage'],
  ['metering', 'send', 'usage'],
  ['metering', 'receive', 'usage'],
  ['billing', 'receive', 'usage'],
  ['ingress', 'send', 'audit'],
  ['control', 'send', 'audit'],
  ['control', 'receive', 'audit'],
  ['billing', 'send', 'deadLetter'],
];

/** Request/reply calls: a channel for the request, one for its reply, and the operation that joins them. */
function callParts() {
  const parts = {
    channels: {} as Record<string, unknown>,
    messages: {} as Record<string, Message>,
    operations: {} as Record<string, unknown>,
  };
  for (const [name, call] of Object.entries<ServiceCall>({ ...calls, ...ledgerCalls })) {
    const request = { title: `Request of ${name}`, contentType: json, payload: z.toJSONSchema(call.request, { io: 'input' }) };
    const response = { title: `Response of ${name}`, contentType: json, payload: z.toJSONSchema(call.response, { io: 'input' }) };
    parts.messages[`${name}Request`] = request;
    parts.messages[`${name}Response`] = response;
    parts.channels[name] = {
      address: call.subject,
      description: `Request/reply, queue group ${call.service}${call.perInstance === true ? '; also at this address and `.<instance>`, of that instance alone' : ''}`,
      messages: { request: { $ref: `#/components/messages/${name}Request` } },
    };
    parts.channels[`${name}Reply`] = {
      address: null,
      description: `Reply inbox of ${name}`,
      messages: { response: { $ref: `#/components/messages/${name}Response` } },
    };
    parts.operations[`${call.service}.receive.${name}`] = {
      action: 'receive',
      channel: { $ref: `#/channels/${name}` },
      reply: { address: { location: '$message.header#/reply' }, channel: { $ref: `#/channels/${name}Reply` } },
    };
  }
  return parts;
}

/** The bus contract as an AsyncAPI 3.0 document; schemas stand in files of their own beside it. */
export function asyncApiDocument() {
  const called = callParts();
  const operations = directions.map(([service, action, name]) => [
    `${service}.${action}.${name}`,
    { action, channel: { $ref: `#/channels/${name}` } },
  ]);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Sluice bus contract',
      version: contractVersion,
      description: 'Every subject, header and message between the services. Headers are NATS headers.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: json,
    servers: { nats: { host: 'localhost:4222', protocol: 'nats', description: 'NATS with JetStream' } },
    channels: { ...channels, ...called.channels },
    operations: { ...(Object.fromEntries(operations) as object), ...called.operations },
    components: { messages: { ...messages, ...called.messages } },
  };
}
