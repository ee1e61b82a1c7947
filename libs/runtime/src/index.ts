export { baseSettingsSchema, integerSetting, optionalSetting, parseSettings, type BaseSettings } from './base-settings.ts';
export { Closers } from './closers.ts';
export type { ConfigurationStore } from './configuration-store.ts';
export { runService, version } from './run-service.ts';
export { loadMasterKey, SecretSeal } from './secret-seal.ts';
export type { Health, ServiceContext, ServiceDefinition } from './service.ts';
