import { sameTally, tally, type Words } from './words.ts';

/** Every spelling of a unit, and its one name. */
const units = new Map<string, string>(
  Object.entries({
    m: 'metre metres meter meters',
    km: 'km kilometre kilometres kilometer kilometers',
    cm: 'cm centimetre centimetres centimeter centimeters',
    mm: 'mm millimetre millimeter millimetres millimeters',
    mi: 'mi mile miles',
    ft: 'ft foot feet',
    in: 'inch inches',
    yd: 'yd yard yards',
    kg: 'kg kilo kilos kilogram kilograms',
    g: 'gram grams',
    mg: 'mg milligram milligrams',
    lb: 'lb lbs pound pounds',
    oz: 'oz ounce ounces',
    l: 'litre litres liter liters',
    ml: 'ml millilitre millilitres milliliter milliliters',
    gal: 'gallon gallons',
    celsius: 'celsius centigrade',
    fahrenheit: 'fahrenheit',
    kelvin: 'kelvin',
    ms: 'ms millisecond milliseconds',
    s: 'sec secs seconds',
    min: 'min mins minute minutes',
    h: 'hr hrs hour hours',
    day: 'day days daily',
    week: 'week weeks weekly',
    month: 'month months monthly',
    year: 'year years yearly annual annually',
    kb: 'kb kilobyte kilobytes',
    mb: 'mb megabyte megabytes',
    gb: 'gb gigabyte gigabytes',
    tb: 'tb terabyte terabytes',
    usd: 'usd dollar dollars',
    eur: 'eur euro euros',
    gbp: 'gbp',
    inr: 'inr rupee rupees',
    jpy: 'jpy yen',
    cny: 'cny yuan',
    today: 'today',
    tomorrow: 'tomorrow',
    yesterday: 'yesterday',
  }).flatMap(([unit, spellings]) => spellings.split(' ').map((spelling) => [spelling, unit])),
);

/** True where the texts do not name the same units of measure, money or time. */
export function unitsDiffer(left: Words, right: Words): boolean {
  return !sameTally(tally(unitsOf(left)), tally(unitsOf(right)));
}

function unitsOf({ all, text }: Words): string[] {
  const signs = text.match(/[$€£¥₹]|°[CF]/gu) ?? [];
  return [...signs, ...all.flatMap((word) => units.get(word) ?? [])];
}
