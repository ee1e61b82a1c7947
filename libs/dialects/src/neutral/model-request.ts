/**
 * A model request in no provider's words: what a body is decoded to where client and provider speak different formats.
 * Between two that speak the same one it is never made: bytes pass.
 */
import type { JsonObject } from '../json-value.ts';
import type { Signature, WireFormat } from './wire-format.ts';

export interface ModelRequest {
  /** The format that the request was written in. */
  readonly source: WireFormat;
  /** The name that the client asked for. */
  readonly model: string;
  readonly stream: boolean;
  /** In the order of the conversation; instructions come as turns of the roles `system` and `developer`. */
  readonly turns: readonly Turn[];
  readonly tools: readonly Tool[];
  readonly toolChoice?: ToolChoice;
  /** False: at most one call in an answer. */
  readonly parallelToolCalls?: boolean;
  readonly output?: OutputFormat;
  readonly reasoning?: ReasoningOptions;
  readonly sampling: Sampling;
  /** The client's name of its end user. */
  readonly user?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly serviceTier?: string;
  /** Members of the body that nothing above stands for, as the client wrote them. `null` and defaults are left out. */
  readonly rest: JsonObject;
}

export type TurnRole = 'system' | 'developer' | 'user' | 'assistant' | 'tool';

/** One speaker's part of the conversation. Results of tools stand in turns of the role `tool`, one or more in each. */
export interface Turn {
  readonly role: TurnRole;
  readonly parts: readonly Part[];
  readonly name?: string;
}

export type Part = TextPart | ImagePart | AudioPart | FilePart | ReasoningPart | ToolCallPart | ToolResultPart | RefusalPart | NativePart;

/** Marks the end of a prefix that the provider may keep (Anthropic's `cache_control`). */
export interface CacheMark {
  readonly cache?: { readonly ttl?: string };
}

export interface TextPart extends CacheMark {
  readonly type: 'text';
  readonly text: string;
  readonly annotations?: readonly Annotation[];
}

/** Media by address, by content, or by the id of a file that the provider holds. */
export type MediaSource =
  | { readonly kind: 'url'; readonly url: string }
  /** `data` is base64 without line breaks. */
  | { readonly kind: 'data'; readonly mediaType: string; readonly data: string }
  | { readonly kind: 'id'; readonly id: string; readonly wire: WireFormat };

export interface ImagePart extends CacheMark {
  readonly type: 'image';
  readonly source: MediaSource;
  readonly detail?: string;
}

export interface AudioPart {
  readonly type: 'audio';
  /** Base64. */
  readonly data: string;
  /** `wav`, `mp3`. */
  readonly format: string;
}

export interface FilePart extends CacheMark {
  readonly type: 'file';
  /** `text/plain` with `kind: data` is base64 of UTF-8, like all data. */
  readonly source: MediaSource;
  readonly name?: string;
}

/** What a model thought before it spoke. */
export interface ReasoningPart {
  readonly type: 'reasoning';
  /** Empty where the provider shows nothing of it. */
  readonly text: string;
  /** Proof or sealed content by which its maker takes it back; others cannot. */
  readonly signature?: Signature;
  /** The signature holds the thought itself, sealed (Anthropic's `redacted_thinking`, OpenAI's `encrypted_content`). */
  readonly sealed?: boolean;
  /** The provider's name of it (`rs_…`), for formats that refer to items. */
  readonly id?: string;
}

export interface ToolCallPart extends CacheMark {
  readonly type: 'tool-call';
  readonly id: string;
  readonly name: string;
  /** Arguments as JSON text, as the model wrote them; the plain text of a call where `custom` is true. Never empty for a function: `{}`. */
  readonly input: string;
  /** The tool takes free text and not JSON (OpenAI's custom tools). */
  readonly custom?: boolean;
  /** Gemini signs the thought that led to a call on the call itself. */
  readonly signature?: Signature;
}

export interface ToolResultPart extends CacheMark {
  readonly type: 'tool-result';
  readonly callId: string;
  /** Of the tool; Gemini asks for it, others do not. Decoders find it by the id of the call where the format has no name. */
  readonly name?: string;
  readonly parts: readonly (TextPart | ImagePart | FilePart | NativePart)[];
  readonly isError?: boolean;
  readonly custom?: boolean;
}

export interface RefusalPart {
  readonly type: 'refusal';
  readonly text: string;
}

/** An item that one format only can express, such as a search that the provider ran itself: kept for that format, and a loss in others. */
export interface NativePart {
  readonly type: 'native';
  readonly wire: WireFormat;
  readonly value: JsonObject;
}

/** A source that a text refers to. */
export interface Annotation {
  readonly url?: string;
  readonly title?: string;
  /** UTF-16 offsets into the text of its part. */
  readonly start?: number;
  readonly end?: number;
  readonly citedText?: string;
  /** As its format has it, for a way back without loss. */
  readonly native?: { readonly wire: WireFormat; readonly value: JsonObject };
}

export type Tool = FunctionTool | CustomTool | NativeTool;

export interface FunctionTool extends CacheMark {
  readonly type: 'function';
  readonly name: string;
  readonly description?: string;
  /** JSON Schema; absent: no arguments. */
  readonly parameters?: JsonObject;
  readonly strict?: boolean;
}

export interface CustomTool {
  readonly type: 'custom';
  readonly name: string;
  readonly description?: string;
  readonly format?: JsonObject;
}

/** A tool that the provider itself runs or defines (web search, computer use). */
export interface NativeTool {
  readonly type: 'native';
  readonly wire: WireFormat;
  readonly value: JsonObject;
}

export type ToolChoice =
  | { readonly type: 'auto' | 'none' | 'required' }
  | { readonly type: 'tool'; readonly name: string }
  | { readonly type: 'allowed'; readonly mode: 'auto' | 'required'; readonly names: readonly string[] };

export type OutputFormat =
  | { readonly type: 'json' }
  | {
      readonly type: 'json-schema';
      readonly schema: JsonObject;
      readonly name?: string;
      readonly description?: string;
      readonly strict?: boolean;
    };

/** How much a model may think. Where one format has an effort and another a number of tokens, encoders use {@link budgetOfEffort}. */
export interface ReasoningOptions {
  /** `none`, `minimal`, `low`, `medium`, `high`, `xhigh`, `max`. */
  readonly effort?: string;
  readonly budgetTokens?: number;
  /** False: thinking is switched off. */
  readonly enabled?: boolean;
  /** The client wants to see thoughts: `auto`, `concise`, `detailed`. */
  readonly summary?: string;
}

export interface Sampling {
  /** Most output tokens of one answer. */
  readonly maxOutputTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  /** Present only where more than one answer is asked for. */
  readonly choices?: number;
  /** How many alternatives to report for each token; 0: the token's own only. */
  readonly logprobs?: number;
}
