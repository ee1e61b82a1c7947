import { unbuiltDialect } from '../unbuilt-dialect.ts';

export const adapter = unbuiltDialect('anthropic-messages');
