import { expect, it } from 'vitest';
import { Season, Visits } from './season.ts';

const weekHours = 168;
/** A Monday, 00:00. */
const monday = Date.parse('2026-09-07T00:00:00Z') / 3_600_000;

function learned(weeks: number, scoreOf: (hour: number) => number): Season {
  const visits = new Visits();
  const season = new Season(visits);
  for (let hour = monday; hour < monday + weeks * weekHours; hour += 1) {
    season.learn(hour, scoreOf(hour));
    visits.count(hour);
  }
  return season;
}

const office = (hour: number): number => {
  const ofWeek = (hour - monday) % weekHours;
  return ofWeek < 120 && ofWeek % 24 >= 8 && ofWeek % 24 < 18 ? 10 : 0;
};

it('knows working days from weekends after three weeks', () => {
  const season = learned(3, office);
  expect(season.level(monday + 3 * weekHours + 10)).toBeGreaterThan(9);
  expect(season.level(monday + 3 * weekHours + 5 * 24 + 10)).toBeLessThan(2);
});

it('takes other days of the week for a guide before it has seen one', () => {
  const season = learned(2 / 7, office);
  expect(season.level(monday + 2 * 24 + 10)).toBeGreaterThan(5);
});

it('is moved little by one outlier, and follows what comes every week', () => {
  const quiet = learned(5, office);
  const hour = monday + 5 * weekHours + 10;
  const burst = learned(5, (at) => (at === hour - weekHours ? 30 : office(at)));
  expect(burst.level(hour)).toBeLessThan(quiet.level(hour) + 1);
  const moved = learned(10, (at) => office(at) + (at > monday + 5 * weekHours && office(at) > 0 ? 3 : 0));
  expect(moved.level(hour + 5 * weekHours)).toBeGreaterThan(quiet.level(hour) + 1.5);
});

it('allows for an hour of shift, as a change of the clocks brings', () => {
  const season = learned(5, office);
  const eight = monday + 5 * weekHours + 7;
  expect(season.level(eight)).toBeLessThan(1);
  expect(season.levelAround(eight)).toBeGreaterThan(9);
});
