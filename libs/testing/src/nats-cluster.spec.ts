import { expect, it } from 'vitest';
import { startNatsCluster } from './nats-cluster.ts';

it('starts servers that know each other, and takes one back that was killed', async () => {
  const cluster = await startNatsCluster();
  expect(new Set(cluster.urls.split(','))).toHaveLength(3);
  await cluster.kill(1);
  await cluster.start(1);
  await cluster.stop();
}, 120_000);
