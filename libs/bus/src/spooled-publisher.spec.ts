/** The publisher and its spool against a stream made of memory: every order of outage, refusal, crash and torn write that fast-check thinks of. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { StreamEventPublisher } from './event-publisher.ts';
import { EventSpool } from './event-spool.ts';
import type { EventAnswered, EventChannel, EventWire } from './event-wire.ts';
import type { OutgoingEvent } from './spool-record.ts';
import { SpoolResumer } from './spool-resumer.ts';
import type { SpoolWriter } from './spool-writer.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-spool-'));
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

interface Sent {
  readonly number: number;
  readonly event: OutgoingEvent;
  readonly answered: EventAnswered;
}

/** A stream and the way to it: what was sent waits until it is delivered, in order, or is lost with the connection. */
class MemoryStream implements EventWire {
  readonly limitBytes = 1_000_000;
  readonly stored: { readonly source: string; readonly sequence: number }[] = [];
  readonly #ids = new Set<string>();
  #wire: Sent[] = [];
  /** Answers at once, as a stream does that nothing ails. */
  atOnce = false;

  open(_name: string, answered: EventAnswered): EventChannel {
    return {
      send: (number, event) => {
        this.#wire.push({ number, event, answered });
        if (this.atOnce)
          queueMicrotask(() => {
            this.deliver(this.#wire.length);
          });
      },
      close: () => undefined,
    };
  }

  deliver(count: number): void {
    for (const sent of this.#wire.splice(0, count)) {
      this.#store(sent.event);
      sent.answered(sent.number, undefined);
    }
  }

  refuse(count: number): void {
    for (const sent of this.#wire.splice(0, count)) sent.answered(sent.number, 'no leader');
  }

  /** The connection goes: so many events arrived whose answers are lost, the others are lost themselves. */
  lose(arrived: number): void {
    for (const sent of this.#wire.splice(0, arrived)) this.#store(sent.event);
    this.#wire = [];
  }

  #store({ id, text }: OutgoingEvent): void {
    if (this.#ids.has(id)) return;
    this.#ids.add(id);
    const { source, sequence } = JSON.parse(text) as { source: string; sequence: string };
    this.stored.push({ source, sequence: Number(sequence) });
  }
}

interface LogLine {
  readonly fields: object;
  readonly message: string;
}

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const maxBytes = 64 * 1024 * 1024;

/** One process: what it published, and what a death of it may lose. */
class Life {
  readonly source: string;
  readonly spool: EventSpool;
  readonly writer: SpoolWriter;
  readonly publisher: StreamEventPublisher;
  readonly logged: LogLine[] = [];
  published = 0;
  /** Whether it knows that the stream does not take its events. */
  inTrouble = false;
  refused = false;
  readonly #subject = 'sluice.v1.usage.acme.support';

  constructor(parent: string, name: string, stream: MemoryStream, clock: () => number, spoolBytes = maxBytes) {
    this.source = `sluice/specs/${name}`;
    const error = (fields: object, message: string) => void this.logged.push({ fields, message });
    this.spool = new EventSpool({ directory: parent, maxBytes: spoolBytes }, 'specs', name, { ...log, error });
    this.writer = this.spool.writer('specs');
    this.publisher = new StreamEventPublisher({ wire: stream, spool: this.writer, clock, log: { error } }, this.source);
  }

  publish(count: number, text = ''): void {
    for (let done = 0; done < count; done += 1) {
      this.published += 1;
      const data = { organization: 'acme', actor: 'specs', action: 'published', outcome: 'ok', detail: { text } };
      this.publisher.publish(this.#subject, {
        id: `${this.source}:${this.published}`,
        type: 'com.sluice.audit.access.v1',
        subject: 'acme',
        data,
      });
    }
  }

  /**
   * As SIGKILL does: what is on disk stays, the lock goes.
   * @param torn bytes that the machine's death takes from the end of the last segment
   * @returns how many it took
   */
  die(torn = 0): number {
    this.writer.close();
    const last = this.segments().at(-1);
    const taken = last === undefined ? 0 : Math.min(torn, statSync(last).size);
    if (last !== undefined && taken > 0) truncateSync(last, statSync(last).size - taken);
    this.spool.close();
    return taken;
  }

  segments(): string[] {
    return readdirSync(this.spool.folder)
      .filter((name) => name.endsWith('.events'))
      .sort()
      .map((name) => join(this.spool.folder, name));
  }
}

/** The next process publishes what the lives left, until nothing is left. */
async function resume(parent: string, stream: MemoryStream, lives: readonly Life[], clock: () => number): Promise<void> {
  stream.atOnce = true;
  const spool = new EventSpool({ directory: parent, maxBytes }, 'specs', 'heir', log);
  const resumer = new SpoolResumer({ spool, wire: stream, clock, lookMs: 10_000, log });
  await vi.waitFor(
    () => {
      expect(lives.filter((life) => readdirSync(join(parent, 'specs')).includes(life.spool.folder.split('/').at(-1) ?? ''))).toEqual([]);
    },
    { timeout: 10_000, interval: 1 },
  );
  await resumer.close();
  spool.close();
}

const sequencesOf = (stream: MemoryStream, source: string): number[] =>
  stream.stored.filter((event) => event.source === source).map(({ sequence }) => sequence);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

type Step = { readonly kind: 'publish' | 'deliver' | 'refuse' | 'lose' | 'wait'; readonly count: number } | { readonly kind: 'reconnect' };

const count = fc.integer({ min: 0, max: 40 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('publish' as const), count }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('deliver' as const), count }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refuse' as const), count }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const), count }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), count: fc.integer({ min: 0, max: 3_000 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reconnect' as const) }) },
);
const life = fc.record({ steps: fc.array(step, { maxLength: 30 }), atDeath: count, torn: fc.option(fc.nat(5_000), { nil: 0 }) });

it('stores what a publisher knew to be in danger once, in order and without gap, through outages, deaths and torn writes', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 3 }), async (plans) => {
      run += 1;
      const parent = join(directory, String(run));
      const stream = new MemoryStream();
      let now = Date.now();
      const clock = () => now;
      const lives = plans.map((plan, index) => {
        const lived = new Life(parent, `life-${index}`, stream, clock);
        for (const taken of plan.steps) {
          switch (taken.kind) {
            case 'publish':
              lived.publish(taken.count);
              break;
            case 'deliver':
              stream.deliver(taken.count);
              break;
            case 'refuse':
              lived.refused ||= taken.count > 0;
              stream.refuse(taken.count);
              break;
            case 'lose':
              stream.lose(taken.count);
              lived.publisher.setConnected(false);
              lived.inTrouble = true;
              break;
            case 'wait':
              now += taken.count;
              lived.publisher.sweep();
              break;
            case 'reconnect':
              lived.publisher.setConnected(true);
              lived.inTrouble = false;
          }
        }
        const acknowledged = lived.published - lived.publisher.unacknowledged;
        stream.lose(plan.atDeath); // what the kernel still sends of the dead
        const torn = lived.die(plan.torn);
        return { lived, acknowledged, torn };
      });
      await resume(
        parent,
        stream,
        lives.map(({ lived }) => lived),
        clock,
      );
      for (const { lived, acknowledged, torn } of lives) {
        const sequences = sequencesOf(stream, lived.source);
        if (lived.refused) sequences.sort((left, right) => left - right); // one that was refused alone may come after others
        const gapAllowed = lived.refused && torn > 0; // two failures at once: what was refused was torn away too
        if (!gapAllowed) expect(sequences).toEqual(upTo(sequences.length));
        expect(new Set(sequences).size).toBe(sequences.length);
        expect(sequences.length).toBeGreaterThanOrEqual(acknowledged);
        if (lived.inTrouble && torn === 0) expect(sequences.length).toBe(lived.published);
      }
      rmSync(parent, { recursive: true, force: true });
    }),
    { numRuns: 150 },
  );
}, 60_000);

it('touches no disk while the stream takes events, and leaves nothing there after an outage', () => {
  const stream = new MemoryStream();
  let now = Date.now();
  const lived = new Life(join(directory, 'healthy'), 'life', stream, () => now);
  for (let turn = 0; turn < 20; turn += 1) {
    lived.publish(10);
    stream.deliver(10);
    now += 250;
    lived.publisher.sweep();
    expect(lived.segments()).toEqual([]);
  }
  lived.publisher.setConnected(false);
  lived.publish(10);
  expect(lived.segments()).toHaveLength(1);
  expect(lived.spool.bytes).toBeGreaterThan(1_000);
  lived.publisher.setConnected(true);
  stream.deliver(20);
  stream.deliver(20);
  lived.publisher.sweep();
  expect(lived.segments()).toEqual([]);
  lived.publish(5);
  expect(lived.segments()).toEqual([]);
  expect(lived.spool.bytes).toBe(0);
  expect(sequencesOf(stream, lived.source)).toEqual(upTo(210));
  lived.die();
});

it('goes to disk when an event is not stored within a second, though the connection seems whole', () => {
  const stream = new MemoryStream();
  let now = Date.now();
  const lived = new Life(join(directory, 'silent'), 'life', stream, () => now);
  lived.publish(3);
  now += 900;
  lived.publisher.sweep();
  expect(lived.segments()).toEqual([]);
  now += 200;
  lived.publisher.sweep();
  expect(lived.segments()).toHaveLength(1);
  lived.die();
});

it('is not safe while the spool is full, loses nothing of it, and is safe again once the stream takes events', () => {
  const stream = new MemoryStream();
  const lived = new Life(join(directory, 'full'), 'life', stream, Date.now, 4_000);
  lived.publisher.setConnected(false);
  lived.publish(5);
  expect(lived.publisher.isSafe).toBe(true);
  lived.publish(20);
  expect(lived.publisher.isSafe).toBe(false);
  expect(lived.logged.map(({ message }) => message)).toEqual(['events cannot be spooled; they wait in memory']);
  expect(lived.spool.bytes).toBeLessThanOrEqual(4_000);
  lived.publisher.setConnected(true);
  stream.deliver(25);
  stream.deliver(25);
  expect(sequencesOf(stream, lived.source)).toEqual(upTo(25));
  lived.publisher.sweep();
  expect(lived.publisher.isSafe).toBe(true);
  lived.die();
});

it('is not safe while its folder is gone, and spools again once it is back', async () => {
  const stream = new MemoryStream();
  const parent = join(directory, 'gone');
  const lived = new Life(parent, 'life', stream, Date.now);
  rmSync(lived.spool.folder, { recursive: true });
  lived.publisher.setConnected(false);
  lived.publish(5);
  expect(lived.publisher.isSafe).toBe(false);
  lived.spool.close();
  const spool = new EventSpool({ directory: parent, maxBytes }, 'specs', 'life', log);
  lived.publisher.sweep();
  expect(lived.publisher.isSafe).toBe(true);
  lived.publish(5);
  lived.writer.close();
  spool.close();
  await resume(parent, stream, [lived], Date.now);
  expect(sequencesOf(stream, lived.source)).toEqual(upTo(10));
});

/** As a full disk does: a write beyond so many bytes of a file is torn there. */
function limitFiles(bytes: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`]);
}

it.each([0, 10, 100, 5_000])(
  'keeps what it says to keep on a disk that is full at %i bytes of a file, and fills it no further',
  async (room) => {
    const stream = new MemoryStream();
    const parent = join(directory, `full-at-${room}`);
    const lived = new Life(parent, 'life', stream, Date.now, 100_000);
    lived.publisher.setConnected(false);
    limitFiles(room);
    try {
      lived.publish(20);
      for (let turn = 0; turn < 200; turn += 1) lived.publisher.sweep();
      expect(lived.publisher.isSafe).toBe(false);
      expect(lived.segments().length).toBeLessThanOrEqual(1);
      expect(lived.spool.bytes).toBeLessThanOrEqual(room);
    } finally {
      limitFiles('unlimited');
    }
    lived.publisher.sweep();
    expect(lived.publisher.isSafe).toBe(true);
    lived.publish(20);
    lived.die();
    await resume(parent, stream, [lived], Date.now);
    expect(sequencesOf(stream, lived.source)).toEqual(upTo(40));
  },
);

it('begins another segment at four megabytes and deletes each once its events are stored', () => {
  const stream = new MemoryStream();
  const lived = new Life(join(directory, 'large'), 'life', stream, Date.now);
  lived.publisher.setConnected(false);
  lived.publish(900, 'x'.repeat(10_000));
  expect(lived.segments()).toHaveLength(3);
  lived.publisher.setConnected(true);
  stream.deliver(1);
  stream.deliver(500);
  lived.publisher.sweep();
  expect(lived.segments()).toHaveLength(2);
  stream.deliver(500);
  lived.publisher.sweep();
  expect(lived.segments()).toEqual([]);
  lived.die();
});

it('gives no number to an event that no server would take', () => {
  const stream = new MemoryStream();
  const lived = new Life(join(directory, 'too-large'), 'life', stream, Date.now);
  expect(() => {
    lived.publish(1, 'x'.repeat(1_000_001));
  }).toThrow('larger than the server takes (1000000)');
  lived.publish(2);
  stream.deliver(2);
  expect(sequencesOf(stream, lived.source)).toEqual([1, 2]);
  lived.die();
});
