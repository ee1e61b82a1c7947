import { fileURLToPath } from 'node:url';

export { endChild, hasEnded } from './child-exit.ts';
export { startDebianPostgres, type DebianPostgres } from './debian-postgres.ts';
export { findFreePort, findFreePorts } from './free-port.ts';
export { startNatsCluster, type NatsCluster } from './nats-cluster.ts';
export { natsConfiguration, startNatsServer, waitForNats, type NatsServer, type NatsServerOptions } from './nats-server.ts';
export { pgliteEnvironment, pgliteProcessPath, pgliteUrl, startPostgres, type EmbeddedPostgres, type PostgresOptions } from './postgres.ts';
export { sampleEnvelope } from './sample-envelope.ts';
export type { SimulatedCall } from './simulated-calls.ts';
export { startSimulatedProvider, type SimulatedProvider, type SimulatedProviderOptions } from './simulated-provider.ts';
export { simulatedFaults, type SimulatedFault } from './simulation-script.ts';
export { startTcpProxy, type Partition, type TcpProxy } from './tcp-proxy.ts';
export { tiedCommand } from './tied-command.ts';

/** File that a supervisor may run as a process, with PORT and NAME in its environment. */
export const simulatedProviderProcessPath: string = fileURLToPath(new URL('./simulated-provider-main.ts', import.meta.url));
