/** Process of a simulated provider: `PORT=9099 NAME=a node simulated-provider-main.ts`. Ends when its parent's IPC channel closes. */
import { startSimulatedProvider } from './simulated-provider.ts';

const provider = await startSimulatedProvider({ port: Number(process.env.PORT ?? 0), name: process.env.NAME ?? 'sim' });
for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) {
  process.on(event, () => void provider.stop().then(() => process.exit(0)));
}
process.send?.({ type: 'ready', url: provider.url });
console.log(`simulated provider on ${provider.url}`);
