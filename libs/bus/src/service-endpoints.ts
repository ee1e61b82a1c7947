import { headers as headerNames, isErrorCode, SluiceError, type ServiceCall, type WireError } from '@sluice/contracts';
import { ErrorCode, NatsError, type Msg, type NatsConnection, type Service } from 'nats';
import type { z } from 'zod';
import type { RequestOptions } from './bus.ts';
import type { BusLog } from './stage-surroundings.ts';
import { HeaderBlock, headerValue } from './header-block.ts';

const noResponders: string = ErrorCode.NoResponders;
/** What may stand between two dots of a subject. */
const instanceToken = /^[\w-]+$/;

/** The NATS micro service of this process: every endpoint on it shows in `nats micro ls`, `info` and `stats`. */
export class ServiceEndpoints {
  readonly #connection: NatsConnection;
  readonly #log: BusLog;
  readonly #name: string;
  readonly #version: string;
  readonly #description: string;
  #service: Promise<Service> | undefined;

  constructor(connection: NatsConnection, name: string, version: string, description: string, log: BusLog) {
    this.#connection = connection;
    this.#name = name;
    this.#version = version;
    this.#description = description;
    this.#log = log;
  }

  async add(endpoint: string, subject: string, queue: string, handler: (message: Msg) => void): Promise<void> {
    this.#service ??= this.#connection.services.add({ name: this.#name, version: this.#version, description: this.#description });
    const service = await this.#service;
    service.addEndpoint(endpoint, {
      subject,
      queue,
      handler: (error, message) => {
        if (error === null) handler(message);
      },
    });
  }

  async respond<Request extends z.ZodType, Response extends z.ZodType>(
    call: ServiceCall<Request, Response>,
    handler: (request: z.output<Request>) => z.input<Response> | Promise<z.input<Response>>,
    instance: string,
  ): Promise<void> {
    const endpoint = call.subject.split('.').slice(2).join('-');
    const answer = (message: Msg): void => {
      void this.#answer(call, handler, message);
    };
    await this.add(endpoint, call.subject, call.service, answer);
    if (call.perInstance === true) await this.add(`${endpoint}-instance`, `${call.subject}.${instance}`, call.service, answer);
  }

  async #answer<Request extends z.ZodType, Response extends z.ZodType>(
    call: ServiceCall<Request, Response>,
    handler: (request: z.output<Request>) => z.input<Response> | Promise<z.input<Response>>,
    message: Msg,
  ): Promise<void> {
    try {
      const request = call.request.safeParse(parseJson(message));
      if (!request.success) throw new SluiceError('invalid_request', describeIssues(request.error));
      message.respond(JSON.stringify(await handler(request.data)));
    } catch (thrown) {
      const error = SluiceError.from(thrown);
      if (error.status >= 500) this.#log.error({ err: error.cause ?? error, subject: call.subject }, 'call failed');
      const block = new HeaderBlock().set(headerNames.errorCode, error.status).set(headerNames.error, headerValue(error.message));
      message.respond(JSON.stringify({ error: error.toWire() }), { headers: block.forPublish() });
    }
  }

  async stop(): Promise<void> {
    if (this.#service !== undefined) await (await this.#service).stop();
  }
}

/** The asking side of a call of the catalogue. */
export async function requestCall<Request extends z.ZodType, Response extends z.ZodType>(
  connection: NatsConnection,
  call: ServiceCall<Request, Response>,
  data: z.input<Request>,
  options: RequestOptions,
): Promise<z.output<Response>> {
  let message: Msg;
  try {
    message = await ask(connection, call, JSON.stringify(data), options);
  } catch (cause) {
    const reason = cause instanceof NatsError && cause.code === 'TIMEOUT' ? 'did not answer in time' : 'is not available';
    throw new SluiceError('stage_unavailable', `The service "${call.service}" ${reason}; retry shortly.`, { stage: call.service }, cause);
  }
  let value: unknown;
  try {
    value = message.json();
  } catch (cause) {
    throw new SluiceError('internal_error', `The service "${call.service}" gave an answer that is not JSON.`, {}, cause);
  }
  if (message.headers?.get(headerNames.errorCode)) throw wireError(value);
  const response = call.response.safeParse(value);
  if (!response.success)
    throw new SluiceError(
      'internal_error',
      `The service "${call.service}" gave an answer that does not fit the contract.`,
      {},
      response.error,
    );
  return response.data;
}

async function ask(
  connection: NatsConnection,
  { subject, perInstance }: ServiceCall,
  payload: string,
  { timeoutMs: timeout, instance }: RequestOptions,
): Promise<Msg> {
  if (perInstance === true && instance !== undefined && instanceToken.test(instance)) {
    try {
      return await connection.request(`${subject}.${instance}`, payload, { timeout });
    } catch (error) {
      if (!(error instanceof NatsError && error.code === noResponders)) throw error;
    }
  }
  return connection.request(subject, payload, { timeout });
}

function wireError(value: unknown): SluiceError {
  const wire = typeof value === 'object' && value !== null && 'error' in value ? value.error : undefined;
  if (
    typeof wire === 'object' &&
    wire !== null &&
    'code' in wire &&
    'message' in wire &&
    typeof wire.code === 'string' &&
    isErrorCode(wire.code)
  ) {
    return SluiceError.fromWire(wire as WireError); // code and message were checked, the rest is optional
  }
  return new SluiceError('internal_error', 'A service failed without saying why.');
}

function parseJson(message: Msg): unknown {
  try {
    return JSON.parse(message.string());
  } catch (cause) {
    throw new SluiceError('invalid_request', 'The message is not JSON.', {}, cause);
  }
}

/** `field: problem` for each issue, in one line. */
export function describeIssues(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.length === 0 ? 'body' : issue.path.join('.')}: ${issue.message}`).join('; ');
}
