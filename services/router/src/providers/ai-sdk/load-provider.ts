import type { ProviderConfig } from '@sluice/contracts';
import { isRecord } from '@sluice/contracts';

type Settings = NonNullable<ProviderConfig['aiSdk']>;
type Callable = (...values: readonly unknown[]) => unknown;

/** A package's provider object, as far as it is used: how a model of a kind is made by its name. */
export interface LoadedProvider {
  languageModel(model: string): LoadedModel;
  embeddingModel(model: string): LoadedModel;
}

/** A model of the AI SDK: its interface is checked where it is called. */
export interface LoadedModel {
  readonly specificationVersion: 'v2' | 'v3' | 'v4';
  call(method: 'doGenerate' | 'doStream' | 'doEmbed', options: unknown): Promise<unknown>;
}

/** What the operator has to change; the request is not at fault. */
export class SetupError extends Error {}

/**
 * Loads the operator's package and makes its provider.
 *
 * @throws SetupError where it is not installed, exports no such factory, or speaks an interface that is not known
 */
export async function loadProvider(settings: Settings, overrides: Readonly<Record<string, unknown>>): Promise<LoadedProvider> {
  const factory = findFactory(await importPackage(settings.package), settings);
  const provider = factory({ ...settings.options, ...overrides });
  return {
    languageModel: (model) => makeModel(provider, ['languageModel', 'chatModel', 'chat'], model),
    embeddingModel: (model) => makeModel(provider, ['embeddingModel', 'textEmbeddingModel', 'textEmbedding'], model),
  };
}

async function importPackage(name: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const module: unknown = await import(name);
    if (isRecord(module)) return module;
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND';
    if (!missing) throw new SetupError(`The package ${name} cannot be loaded.`, { cause });
    throw new SetupError(`The package ${name} is not installed: run npm install ${name} beside the router and restart it.`, { cause });
  }
  throw new SetupError(`The package ${name} exports nothing.`);
}

function findFactory(module: Readonly<Record<string, unknown>>, { package: name, factory }: Settings): Callable {
  const names = Object.keys(module).filter((each) => each.startsWith('create') && typeof module[each] === 'function');
  const wanted = factory ?? likeliest(names, name);
  const found = wanted === undefined ? undefined : module[wanted];
  if (isCallable(found)) return found;
  const choice = names.length === 0 ? 'It exports none' : `It exports ${names.join(', ')}`;
  throw new SetupError(`The package ${name} has no factory ${wanted ?? 'create…'}. ${choice}; set aiSdk.factory.`);
}

/** `createMistral` of `@ai-sdk/mistral`; the shortest name where none is like the package's. */
function likeliest(names: readonly string[], packageName: string): string | undefined {
  const plain = packageName.slice(packageName.lastIndexOf('/') + 1).replaceAll(/[^a-z0-9]/gi, '');
  const same = names.find((name) => name.toLowerCase() === `create${plain.toLowerCase()}`);
  return same ?? [...names].sort((a, b) => a.length - b.length)[0];
}

function makeModel(provider: unknown, makers: readonly string[], name: string): LoadedModel {
  const maker = makers.map((each) => memberOf(provider, each)).find(isCallable);
  const make = maker ?? provider;
  if (!isCallable(make)) throw new SetupError(`This package makes no models by ${makers.join(' or ')}.`);
  const model: unknown = Reflect.apply(make, provider, [name]);
  const version = memberOf(model, 'specificationVersion');
  if (version !== 'v2' && version !== 'v3' && version !== 'v4') {
    throw new SetupError('This package speaks an interface of the AI SDK other than v2, v3 or v4: install another version of it.');
  }
  return {
    specificationVersion: version,
    call(method, options) {
      const found = memberOf(model, method);
      if (!isCallable(found)) throw new SetupError(`This package has no ${method} for the model.`);
      return Promise.resolve(Reflect.apply(found, model, [options]));
    },
  };
}

function isCallable(value: unknown): value is Callable {
  return typeof value === 'function';
}

/** Providers are functions with members, and models are instances of classes. */
function memberOf(owner: unknown, name: string): unknown {
  const isOwner = (typeof owner === 'object' && owner !== null) || typeof owner === 'function';
  return isOwner ? Reflect.get(owner, name) : undefined;
}
