import { startNatsServer, type NatsServer } from '@sluice/testing';
import { afterEach, expect, it, vi } from 'vitest';
import { openBus, serverBinary, soon } from './bus-bench.ts';

let server: NatsServer;

afterEach(() => server.stop());

it('ends at the start where the password is wrong', async () => {
  server = await startNatsServer({ ...serverBinary, password: 'right' });
  await expect(openBus(server.url, 'specs', { user: 'sluice', password: 'wrong' })).rejects.toThrow(/authorization/i);
});

it('comes back after a server that refused its password for a while', async () => {
  server = await startNatsServer({ ...serverBinary, password: 'right' });
  const { port } = server;
  const { bus } = await openBus(server.url, 'specs', { user: 'sluice', password: 'right' });
  await server.stop();
  server = await startNatsServer({ ...serverBinary, port, password: 'another' });
  await vi.waitFor(() => {
    expect(server.words.match(/authentication error/gi)?.length ?? 0).toBeGreaterThan(3);
  }, soon);
  await server.stop();
  server = await startNatsServer({ ...serverBinary, port, password: 'right' });
  await vi.waitFor(() => {
    expect(bus.connected).toBe(true);
  }, soon);
  await bus.close();
});
