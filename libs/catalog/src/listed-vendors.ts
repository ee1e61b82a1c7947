/** A provider of the configuration, as far as it tells whose prices hold. */
export interface ProviderIdentity {
  /** Name in the configuration. */
  readonly name: string;
  /** Type in the configuration, or the list's own id for it (`openai`, `anthropic`, `google`, `aws`, `groq`, …). */
  readonly type: string;
  /** Tells the vendor of an `openai-compatible` provider. */
  readonly baseUrl?: string | undefined;
  /** Tells the vendor of an `ai-sdk` provider. */
  readonly aiSdk?: { readonly package: string } | undefined;
}

/** The list's ids of the vendors whose prices a type of provider has, best first; other types are ids of the list themselves. */
const vendorsOfTypes: Readonly<Record<string, readonly string[]>> = {
  // Deployments bear the names of OpenAI's models as a rule; what the list says of Azure itself comes first.
  'azure-openai': ['azure', 'openai'],
  vertex: ['google', 'anthropic'],
  'amazon-bedrock': ['aws'],
  xai: ['x-ai'],
};

/** Servers of one's own, which have no vendor's prices, and vendors that the list does not know. */
const unlistedTypes: ReadonlySet<string> = new Set([
  'alibaba',
  'deepinfra',
  'llamacpp',
  'lmstudio',
  'nvidia',
  'ollama',
  'sambanova',
  'vllm',
  'openai-compatible',
]);

/** Ids to look for, best first; empty where a provider's address alone could tell. */
export function listedVendors({ type, aiSdk }: ProviderIdentity): readonly string[] {
  if (type === 'ai-sdk') return aiSdk === undefined ? [] : vendorOfPackage(aiSdk.package);
  if (unlistedTypes.has(type)) return [];
  return vendorsOfTypes[type] ?? [type];
}

/** `@ai-sdk/mistral` is Mistral's; packages of others are not guessed at. */
function vendorOfPackage(name: string): readonly string[] {
  const [, vendor] = /^@ai-sdk\/([a-z0-9-]+)$/.exec(name) ?? [];
  return vendor === undefined ? [] : (vendorsOfTypes[vendor] ?? [vendor]);
}

/** Names of a vendor's list that the provider itself does not offer: the list keeps one for all places that sell a model. */
const notOffered: Readonly<Record<string, RegExp>> = {
  google: /^claude-/,
  'amazon-bedrock': /^regional\./,
};

export function isOffered(type: string, model: string): boolean {
  return notOffered[type]?.test(model) !== true;
}
