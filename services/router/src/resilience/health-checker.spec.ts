import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CircuitBreaker } from './circuit-breaker.ts';
import { HealthChecker, type HealthCheck } from './health-checker.ts';

type Answer = (response: ServerResponse) => void;
const status =
  (code: number): Answer =>
  (response) => {
    response.writeHead(code).end('{}');
  };

let server: Server;
let pool: Pool;
let origin: string;
let answer: Answer;
let seen: { readonly path: string | undefined; readonly headers: IncomingHttpHeaders }[];
let underWay: number;
let mostUnderWay: number;
let checks: boolean[];
let breaker: CircuitBreaker;
let checker: HealthChecker | undefined;

beforeEach(async () => {
  [answer, seen, checks, underWay, mostUnderWay] = [status(200), [], [], 0, 0];
  breaker = new CircuitBreaker({ failures: 3, failureRate: 1, openForMs: 60_000 });
  server = createServer((request, response) => {
    seen.push({ path: request.url, headers: request.headers });
    underWay += 1;
    mostUnderWay = Math.max(mostUnderWay, underWay);
    response.on('close', () => {
      underWay -= 1;
    });
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // a listening TCP server has one
  pool = new Pool(origin);
});

afterEach(async () => {
  await checker?.close();
  await pool.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function start(more: Partial<HealthCheck> = {}): void {
  checker = new HealthChecker(
    {
      dispatcher: pool,
      origin,
      path: '/v1/models',
      headers: () => ({ authorization: 'Bearer test' }),
      intervalMs: 10,
      timeoutMs: 2_000,
      breakers: () => [breaker],
      ...more,
    },
    { clock: Date.now, random: () => 0.5, onCheck: (well) => checks.push(well) },
  );
}

const checked = (count: number): Promise<void> =>
  vi.waitFor(
    () => {
      expect(checks.length).toBeGreaterThanOrEqual(count);
    },
    { timeout: 10_000, interval: 2 },
  );

describe('HealthChecker', () => {
  it('asks below the base address with the credentials', async () => {
    start();
    await checked(2);
    expect(seen[0]).toMatchObject({ path: '/v1/models', headers: { authorization: 'Bearer test' } });
    expect([checks.slice(0, 2), breaker.state(Date.now())]).toEqual([[true, true], 'closed']);
  });

  it('opens the breaker after two bad answers in a row, not after one', async () => {
    answer = (response) => {
      status(seen.length % 2 === 0 ? 503 : 200)(response);
    };
    start();
    await checked(6);
    expect(breaker.state(Date.now())).toBe('closed');
    answer = status(503);
    await vi.waitFor(() => {
      expect(breaker.state(Date.now())).toBe('open');
    });
  });

  it('lets the next request try once an answer is good', async () => {
    answer = status(500);
    start();
    await vi.waitFor(() => {
      expect(breaker.state(Date.now())).toBe('open');
    });
    answer = status(200);
    await vi.waitFor(() => {
      expect(breaker.state(Date.now())).toBe('half-open');
    });
  });

  it.each([401, 404, 429])('takes %i for a sign of life', async (code) => {
    answer = status(code);
    start();
    await checked(3);
    expect(checks).not.toContain(false);
  });

  it('takes silence for a bad answer, and never asks twice at once', async () => {
    answer = () => undefined;
    start({ timeoutMs: 50 });
    await checked(3);
    expect(checks).not.toContain(true);
    expect(mostUnderWay).toBe(1);
    expect(breaker.state(Date.now())).toBe('open');
  });

  it('takes a refused connection for a bad answer', async () => {
    server.close();
    server.closeAllConnections();
    start();
    await checked(2);
    expect(checks).not.toContain(true);
  });

  it('stops when it is closed, also in the middle of a check', async () => {
    answer = () => undefined;
    start();
    await vi.waitFor(() => {
      expect(seen.length).toBe(1);
    });
    await checker?.close();
    expect(checks).toEqual([]);
    await vi.waitFor(() => {
      expect(underWay).toBe(0);
    });
    expect(seen.length).toBe(1);
  });

  it('keeps breakers open for no longer than it looks after them', async () => {
    answer = status(500);
    start();
    await vi.waitFor(() => {
      expect(breaker.state(Date.now())).toBe('open');
    });
    await checker?.close();
    // Two intervals and a time-out after the last check.
    expect(breaker.admitsFrom(Date.now()) - Date.now()).toBeLessThanOrEqual(2_020);
  });
});
