/** Real servers and real processes, killed: what the spool promises of them. */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endChild, startNatsServer, type NatsServer } from '@sluice/testing';
import { connect } from 'nats';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openBus, serverBinary, soon } from './bus-bench.ts';

const program = fileURLToPath(new URL('./spooling-main.ts', import.meta.url));
let directory: string;
let storeDir: string;
let spool: string;
let server: NatsServer;
const children: ChildProcess[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-spooled-'));
  storeDir = join(directory, 'nats');
  spool = join(directory, 'spool');
  server = await startNatsServer({ ...serverBinary, storeDir });
  const { bus } = await openBus(server.url, 'maker');
  await bus.ensureStream({ name: 'AUDIT', subjects: ['sluice.v1.audit.>'], maxAgeMs: 3_600_000, duplicateWindowMs: 600_000 });
  await bus.close();
});

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => endChild(child, 'SIGKILL')));
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

interface Word {
  readonly source: string;
  readonly connected: boolean;
  readonly published: number;
  readonly unacknowledged: number;
}

/** A process that publishes, and its newest word. */
class Publishing {
  readonly child: ChildProcess;
  word: Word | undefined;

  constructor() {
    this.child = fork(program, [], {
      env: { PATH: process.env.PATH, NATS_URL: server.url, SPOOL_DIR: spool },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    children.push(this.child);
    this.child.on('message', (word) => {
      this.word = word as Word; // the program sends nothing else
    });
  }

  async until(holds: (word: Word) => boolean): Promise<Word> {
    return vi.waitFor(() => {
      this.child.send({});
      if (this.word === undefined || !holds(this.word)) throw new Error(`not yet: ${JSON.stringify(this.word)}`);
      return this.word;
    }, soon);
  }

  async publish(count: number): Promise<Word> {
    const before = (await this.until(() => true)).published;
    this.child.send({ publish: count });
    return this.until(({ published }) => published === before + count);
  }
}

/** Sequences by source, in the order in which the stream has them. */
async function storedSequences(): Promise<Map<string, number[]>> {
  const connection = await connect({ servers: server.url });
  const manager = await connection.jetstreamManager();
  const { state } = await manager.streams.info('AUDIT');
  const sequences = new Map<string, number[]>();
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    const event = (await manager.streams.getMessage('AUDIT', { seq })).json<{ source: string; sequence: string }>();
    sequences.set(event.source, [...(sequences.get(event.source) ?? []), Number(event.sequence)]);
  }
  await connection.close();
  return sequences;
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const folders = () => readdir(join(spool, 'specs'));

it('loses no event and repeats none where process and server are both killed', async () => {
  const first = new Publishing();
  await first.publish(200);
  await first.until(({ unacknowledged }) => unacknowledged === 0);
  const dying = server.kill();
  await first.publish(100); // some of these are lost on the way
  await dying;
  await first.until(({ connected }) => !connected);
  const { source, published } = await first.publish(300);
  await endChild(first.child, 'SIGKILL');
  const second = new Publishing();
  server = await startNatsServer({ ...serverBinary, storeDir, port: server.port });
  const later = await second.publish(10);
  await second.until(({ unacknowledged }) => unacknowledged === 0);
  await vi.waitFor(async () => {
    expect(await storedSequences()).toEqual(
      new Map([
        [source, numbers(published)],
        [later.source, numbers(10)],
      ]),
    );
    expect(await folders()).toEqual([later.source.split('/')[2]]);
  }, soon);
}, 60_000);

it('publishes after two deaths what the first life left, each under its own source', async () => {
  await server.kill();
  server = await startNatsServer({ ...serverBinary, storeDir, port: server.port });
  const lives: Word[] = [];
  for (let life = 0; life < 2; life += 1) {
    const publishing = new Publishing();
    await publishing.until(({ connected }) => connected);
    await server.kill();
    await publishing.until(({ connected }) => !connected);
    lives.push(await publishing.publish(50));
    await endChild(publishing.child, 'SIGKILL');
    if (life === 1) expect((await folders()).length).toBeGreaterThanOrEqual(1);
    server = await startNatsServer({ ...serverBinary, storeDir, port: server.port });
  }
  const last = new Publishing();
  await last.until(({ connected }) => connected);
  await vi.waitFor(async () => {
    expect(await storedSequences()).toEqual(new Map(lives.map(({ source }) => [source, numbers(50)])));
  }, soon);
}, 60_000);

it('leaves to the next process what it cannot store before it stops', async () => {
  const first = new Publishing();
  await first.until(({ connected }) => connected);
  await server.kill();
  await first.until(({ connected }) => !connected);
  const { source } = await first.publish(20);
  first.child.send({ close: true });
  await vi.waitFor(() => {
    expect(first.child.exitCode).toBe(0);
  }, soon);
  const [life = ''] = await folders();
  const [segment = ''] = (await readdir(join(spool, 'specs', life))).filter((name) => name.endsWith('.events'));
  expect((await stat(join(spool, 'specs', life, segment))).mode & 0o777).toBe(0o600);
  server = await startNatsServer({ ...serverBinary, storeDir, port: server.port });
  const second = new Publishing();
  await second.until(({ connected }) => connected);
  await vi.waitFor(async () => {
    expect((await storedSequences()).get(source)).toEqual(numbers(20));
  }, soon);
}, 60_000);

it('has on disk what a server that fell silent did not acknowledge within a second', async () => {
  const first = new Publishing();
  await first.publish(100);
  await first.until(({ unacknowledged }) => unacknowledged === 0);
  process.kill(server.pid, 'SIGSTOP'); // the connection stands, and nothing is said on it
  const { source } = await first.publish(50);
  await vi.waitFor(async () => {
    const names = await readdir(join(spool, 'specs'), { recursive: true });
    expect(names.filter((name) => name.endsWith('.events'))).toHaveLength(1);
  }, soon);
  expect((await first.publish(30)).connected).toBe(true);
  await endChild(first.child, 'SIGKILL');
  process.kill(server.pid, 'SIGCONT'); // and now it reads what the dead process had sent
  const second = new Publishing();
  await second.until(({ connected }) => connected);
  await vi.waitFor(async () => {
    expect((await storedSequences()).get(source)).toEqual(numbers(180));
    expect(await folders()).toHaveLength(1);
  }, soon);
}, 60_000);

it('takes nothing from a process that lives', async () => {
  const first = new Publishing();
  await first.until(({ connected }) => connected);
  await server.kill();
  await first.until(({ connected }) => !connected);
  const { source } = await first.publish(30);
  const second = new Publishing(); // beside the first, in the same folder
  server = await startNatsServer({ ...serverBinary, storeDir, port: server.port });
  await second.until(({ connected }) => connected);
  await first.until(({ unacknowledged, connected }) => connected && unacknowledged === 0);
  expect((await storedSequences()).get(source)).toEqual(numbers(30));
  expect((await folders()).length).toBe(2);
}, 60_000);
