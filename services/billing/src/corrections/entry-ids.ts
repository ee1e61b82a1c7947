/** Ids of the entries that correct what a request was charged, and of the events that they are of. */

/** Condition of SQL: an event, or the entry that was booked for it, is of one call that the end of its request does not tell of. */
export function isSupplement(id: string): string {
  return `${id} LIKE '%:call-%'`;
}

/** Of an end that came late; in SQL, to be put behind the request's id. */
export const lateSuffix = ':late';
/** What a supplement was charged is taken back. */
export const takenBackSuffix = ':back';
/** It is charged once more. */
export const againSuffix = ':again';
