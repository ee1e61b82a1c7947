import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeRecord, readSegment, segmentHead } from './spool-record.ts';

const text = fc.string({ unit: 'binary', maxLength: 50 });
const trace = fc.oneof(fc.constant(undefined), fc.record({ traceparent: text, tracestate: fc.option(text, { nil: undefined }) }));
const events = fc.array(fc.record({ subject: text, id: text, text, trace }), { maxLength: 8 });

it('reads back what was written', () => {
  fc.assert(
    fc.property(events, (written) => {
      expect(readSegment(Buffer.concat([segmentHead, ...written.map(encodeRecord)]))).toEqual({ events: written, tornBytes: 0 });
    }),
  );
});

it('reads of a segment that was cut anywhere the events before the cut, and says what was torn', () => {
  fc.assert(
    fc.property(events, fc.nat(), (written, cut) => {
      const records = written.map(encodeRecord);
      const segment = Buffer.concat([segmentHead, ...records]);
      const kept = segment.subarray(0, cut % (segment.byteLength + 1));
      let whole = 0;
      let end = segmentHead.byteLength;
      while (end + (records[whole]?.byteLength ?? Infinity) <= kept.byteLength) end += records[whole++]?.byteLength ?? 0;
      const torn = kept.byteLength < segmentHead.byteLength ? kept.byteLength : kept.byteLength - end;
      expect(readSegment(kept)).toEqual({ events: written.slice(0, whole), tornBytes: torn });
    }),
  );
});

it('never reads an event that was not written, whatever one byte becomes', () => {
  fc.assert(
    fc.property(events, fc.nat(), fc.integer({ min: 1, max: 255 }), (written, position, change) => {
      const segment = Buffer.concat([segmentHead, ...written.map(encodeRecord)]);
      const at = position % segment.byteLength;
      segment[at] = (segment[at] ?? 0) ^ change;
      const read = readSegment(segment)?.events ?? [];
      expect(read).toEqual(written.slice(0, read.length));
    }),
  );
});

it('leaves a segment of another version alone', () => {
  expect(readSegment(Buffer.from('sluice-events/2\nwhatever'))).toBeUndefined();
});
