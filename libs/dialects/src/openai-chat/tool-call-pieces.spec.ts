import { describe, expect, it } from 'vitest';
import { ToolCallPieces } from './tool-call-pieces.ts';

const fn = (name: string | undefined, text: unknown) => ({ function: { ...(name === undefined ? {} : { name }), arguments: text } });

function places(pieces: readonly object[]): (number | undefined)[] {
  const tracker = new ToolCallPieces();
  return pieces.map((piece) => tracker.place({ ...piece }));
}

describe('ToolCallPieces', () => {
  it('follows the index', () => {
    const pieces = [
      { index: 0, id: 'a', ...fn('f', '') },
      { index: 1, id: 'b', ...fn('g', '') },
      { index: 0, ...fn(undefined, '{}') },
      { index: 1, ...fn(undefined, '{}') },
    ];
    expect(places(pieces)).toEqual([0, 1, 0, 1]);
  });

  it('counts from what comes first where indexes begin at 1', () => {
    expect(
      places([
        { index: 1, id: 'a', ...fn('f', '') },
        { index: 1, ...fn(undefined, '{}') },
      ]),
    ).toEqual([0, 0]);
  });

  it('follows the id where there is no index', () => {
    const pieces = [
      { id: 'a', ...fn('f', '{"x":') },
      { id: 'b', ...fn('f', '{}') },
      { id: 'a', ...fn('f', '1}') },
    ];
    expect(places(pieces)).toEqual([0, 1, 0]);
  });

  it('goes on with the last call where a piece has neither index, id nor name', () => {
    expect(
      places([
        { id: 'a', ...fn('f', '{') },
        { id: '', ...fn('', '}') },
      ]),
    ).toEqual([0, 0]);
  });

  it('begins another call for a name without index and id', () => {
    expect(places([fn('f', '{}'), fn('f', '{}')])).toEqual([0, 1]);
  });

  it('tells calls apart that all have the index 0', () => {
    const pieces = [
      { index: 0, id: 'a', ...fn('f', '{"x":1}') },
      { index: 0, id: 'b', ...fn('f', '{"x":2}') },
    ];
    expect(places(pieces)).toEqual([0, 1]);
  });

  it('takes a new id for the same call while its arguments are not whole', () => {
    const pieces = [
      { index: 0, id: 'r1', ...fn('f', '{"x"') },
      { index: 0, id: 'r2', ...fn('f', ':1}') },
    ];
    expect(places(pieces)).toEqual([0, 0]);
  });

  it('bounds the number of calls and their indexes', () => {
    const many = Array.from({ length: 129 }, (_, index) => ({ id: `c${index}`, ...fn('f', '{}') }));
    expect(places(many).at(-1)).toBeUndefined();
    expect(places([{ index: 1e9, ...fn('f', '') }])).toEqual([undefined]);
  });
});
