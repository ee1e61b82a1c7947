import type { Words } from './words.ts';

const pairs = (
  'before/after more/less more/fewer most/least increase/decrease increasing/decreasing enable/disable enabled/disabled open/close start/stop add/remove ' +
  'install/uninstall buy/sell buying/selling lend/borrow import/export upload/download encrypt/decrypt login/logout allow/deny allow/block accept/reject ' +
  'accept/decline first/last old/new oldest/newest high/low higher/lower highest/lowest large/small larger/smaller largest/smallest big/small best/worst better/worse ' +
  'good/bad fast/slow faster/slower cheap/expensive up/down left/right in/out on/off into/from to/from under/over above/below inside/outside with/without ' +
  'win/lose gain/lose love/hate like/dislike legal/illegal possible/impossible safe/unsafe safe/dangerous happy/sad happy/unhappy true/false yes/no always/never ' +
  'all/some all/none every/some min/max minimum/maximum north/south east/west morning/evening day/night male/female man/woman men/women boy/girl husband/wife ' +
  'mother/father son/daughter brother/sister parent/child teacher/student employer/employee deposit/withdraw withdrawal/deposit send/receive credit/debit ' +
  'virtual/physical lock/unlock activate/deactivate subscribe/unsubscribe connect/disconnect include/exclude positive/negative optimistic/pessimistic ' +
  'pros/cons advantage/disadvantage advantages/disadvantages benefits/drawbacks cause/effect input/output push/pull horizontal/vertical public/private'
)
  .split(' ')
  .map((pair) => pair.split('/'));

/** True where one text holds a word and the other its opposite instead. */
export function oppositesMeet(left: Words, right: Words): boolean {
  const here = new Set(left.all);
  const there = new Set(right.all);
  return pairs.some(([one = '', other = '']) => stands(one, other, here, there) || stands(other, one, here, there));
}

function stands(one: string, other: string, here: ReadonlySet<string>, there: ReadonlySet<string>): boolean {
  return here.has(one) && !there.has(one) && there.has(other) && !here.has(other);
}
