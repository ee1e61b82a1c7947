import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { EventSpool } from './event-spool.ts';
import type { EventWire } from './event-wire.ts';
import { encodeRecord, segmentHead } from './spool-record.ts';
import { SpoolResumer } from './spool-resumer.ts';

let directory: string;
const lines: string[] = [];
const write = (_fields: object, message: string) => void lines.push(message);
const log = { info: write, warn: write, error: write };
const none = new Set<string>();

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-spool-'));
  lines.length = 0;
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const open = (instance: string) => new EventSpool({ directory, maxBytes: 1_000_000 }, 'specs', instance, log);
const folders = () => readdirSync(join(directory, 'specs')).sort();

/** As an ended process leaves it. */
function abandon(instance: string, segments: Record<string, Buffer>): void {
  const spool = open(instance);
  for (const [name, bytes] of Object.entries(segments)) writeFileSync(join(spool.folder, name), bytes);
  spool.close();
}

const event = { subject: 'sluice.v1.usage.acme.support', id: 'req_1:settled', text: '{}', trace: undefined };
const segment = Buffer.concat([segmentHead, encodeRecord(event)]);

it('takes over what ended processes left, in order, and at most so many at once', () => {
  for (const instance of ['a', 'b', 'c'])
    abandon(instance, { 'specs.000010.events': segment, 'specs.000009.events': segment, 'other.000001.events': segment });
  const spool = open('heir');
  const taken = spool.takeAbandoned(2, none);
  expect(taken.map(({ instance }) => instance)).toEqual(['a', 'b']);
  expect(taken[0]?.segments).toEqual(
    new Map([
      ['other', ['other.000001.events']],
      ['specs', ['specs.000009.events', 'specs.000010.events']],
    ]),
  );
  expect(
    open('rival')
      .takeAbandoned(9, none)
      .map(({ instance }) => instance),
  ).toEqual(['c']);
});

it('takes nothing from those who live, and removes folders that hold nothing', () => {
  open('living');
  writeFileSync(join(directory, 'specs', 'no-folder'), '');
  for (const made of ['in-the-making', 'not-locked-yet', 'never-made', 'killed']) mkdirSync(join(directory, 'specs', made));
  for (const made of ['not-locked-yet', 'killed']) writeFileSync(join(directory, 'specs', made, 'lock'), '');
  for (const old of ['living', 'never-made', 'killed']) utimesSync(join(directory, 'specs', old), 0, 0);
  expect(open('heir').takeAbandoned(9, none)).toEqual([]);
  expect(folders()).toEqual(['heir', 'in-the-making', 'living', 'no-folder', 'not-locked-yet']);
});

it('keeps its folder to its own user', () => {
  const spool = open('a');
  expect(statSync(spool.folder).mode & 0o777).toBe(0o700);
});

it('says at the start which setting is wrong where it cannot write', () => {
  writeFileSync(join(directory, 'specs'), 'a file where the folder should be');
  expect(() => open('a')).toThrow(/events cannot be spooled to .*\/specs\/a \(.+\); set SLUICE_SPOOL_DIR to a folder on a local disk/);
});

it('goes on where its folder is taken away while it runs', async () => {
  const spool = open('heir');
  rmSync(directory, { recursive: true });
  const wire = { limitBytes: 1, open: () => ({ send: () => undefined, close: () => undefined }) };
  const resumer = new SpoolResumer({ spool, wire, clock: Date.now, lookMs: 10_000, log });
  expect(lines).toEqual(['spools of ended processes cannot be looked for']);
  await resumer.close();
});

it('leaves a segment of another version where it is, and says so once', async () => {
  const foreign = Buffer.from('sluice-events/9\n');
  abandon('later', { 'specs.000001.events': foreign });
  const spool = open('heir');
  const wire = { limitBytes: 1, open: () => ({ send: () => undefined, close: () => undefined }) };
  const resumer = new SpoolResumer({ spool, wire, clock: Date.now, lookMs: 10_000, log });
  await vi.waitFor(() => {
    expect(lines).toContain('a segment of the spool is of another version; it stays as it is');
  });
  await resumer.close();
  expect(readFileSync(join(directory, 'specs', 'later', 'specs.000001.events'))).toEqual(foreign);
});

it('leaves what it could not store where it is when it stops', async () => {
  abandon('ended', { 'specs.000001.events': segment });
  const spool = open('heir');
  const sent: string[] = [];
  const wire = {
    limitBytes: 1,
    open: () => ({ send: (_number: number, { id }: { id: string }) => void sent.push(id), close: () => undefined }),
  };
  const resumer = new SpoolResumer({ spool, wire, clock: Date.now, lookMs: 10_000, log });
  await vi.waitFor(() => {
    expect(sent).toEqual(['req_1:settled']);
  });
  await resumer.close();
  spool.close();
  expect(
    open('next')
      .takeAbandoned(1, none)
      .map(({ instance }) => instance),
  ).toEqual(['ended']);
});

it('tries a spool again that it could not read', async () => {
  abandon('ended', {});
  const folder = join(directory, 'specs', 'ended', 'specs.000001.events');
  mkdirSync(folder, { recursive: true });
  const spool = open('heir');
  const wire: EventWire = {
    limitBytes: 1,
    open: (_name, answered) => ({
      send: (number) => {
        queueMicrotask(() => {
          answered(number, undefined);
        });
      },
      close: () => undefined,
    }),
  };
  const resumer = new SpoolResumer({ spool, wire, clock: Date.now, lookMs: 20, log });
  await vi.waitFor(() => {
    expect(lines).toContain('a spool could not be published; it is tried again');
  });
  rmdirSync(folder);
  writeFileSync(folder, segment);
  await vi.waitFor(() => {
    expect(lines).toContain('the events that an ended process left behind are stored');
  });
  await resumer.close();
  expect(folders()).toEqual(['heir']);
});
