import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** The services that have a NATS user of their own, in the order in which a start needs them. */
export const services = ['control', 'metering', 'guardrail', 'masking', 'cache', 'router', 'billing', 'ingress'] as const;
export type Service = (typeof services)[number];
/** The user of a billing system that is not ours. */
export const externalBilling = 'external-billing';

/** Absolute path of a file under deploy/. */
export function deployFile(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

export const natsConfigurationPath = deployFile('nats/nats.conf');

/** A password for each user, as compose.yaml gives it to nats-server. */
export function natsPassword(user: Service | typeof externalBilling): string {
  return `password-of-${user}`;
}

/** The variables that nats.conf reads. */
export function natsEnvironment(storeDir: string): Record<string, string> {
  return {
    NATS_SERVER_NAME: 'sluice-test',
    NATS_STORE_DIR: storeDir,
    ...Object.fromEntries(services.map((service) => [`NATS_PASSWORD_${service.toUpperCase()}`, natsPassword(service)])),
    NATS_PASSWORD_EXTERNAL_BILLING: natsPassword(externalBilling),
  };
}

/** A YAML or JSON file under deploy/, parsed. */
export function readDeployFile(path: string): unknown {
  return parse(readFileSync(deployFile(path), 'utf8'));
}
