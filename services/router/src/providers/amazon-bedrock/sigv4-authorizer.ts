import { createHash, createHmac } from 'node:crypto';
import type { SignatureV4 } from '@smithy/signature-v4';
import type { Authorizer } from '../provider-adapter.ts';

/** The signing name of Bedrock's runtime, whatever its host is called. */
const service = 'bedrock';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/**
 * Signs calls by AWS Signature Version 4. The library is loaded with the first call, for it is no use to a router without
 * Bedrock. The canonical path is encoded a second time, as every AWS service but S3 wants it.
 *
 * @param credentials fixed, or asked for each call; the AWS sources keep theirs until they expire
 */
export function sigv4Authorizer(region: string, credentials: AwsCredentials | (() => Promise<AwsCredentials>)): Authorizer {
  let signer: Promise<SignatureV4> | undefined;
  return async ({ origin, path, body, now }) => {
    signer ??= openSigner(region, credentials);
    const { protocol, host, hostname } = new URL(origin);
    const [plainPath = '', query] = path.split('?');
    const request = { method: 'POST', protocol, hostname, path: plainPath, headers: { host }, body, query: parseQuery(query) };
    const signed = await (await signer).sign(request, { signingDate: new Date(now) });
    return Object.entries(signed.headers).flatMap(([name, value]) => (name === 'host' ? [] : [name, value]));
  };
}

async function openSigner(region: string, credentials: AwsCredentials | (() => Promise<AwsCredentials>)): Promise<SignatureV4> {
  const { SignatureV4: Signer } = await import('@smithy/signature-v4');
  return new Signer({ service, region, credentials, sha256: Sha256 });
}

function parseQuery(query: string | undefined): Record<string, string> {
  return query === undefined ? {} : Object.fromEntries(new URLSearchParams(query));
}

/** The hash that the library asks for, by Node's own code; keyed, it is an HMAC. */
class Sha256 {
  readonly #hash;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): never {
    throw new Error('Each hash is used once.');
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
