const pairs = 'аaбbвbгrдdеeззиuкkлlмmнhоoрpсcтtуyхxьbіiїiјjѕsһhԁdԛqԝwүyґrєeѵvӏlԍgαaβbγyδdεeζzηnθoιiκkνvοoρpςcσoτtυuχxωwϲcϳjіi';

/**
 * Folded Cyrillic and Greek letters and the Latin letter that each is taken for, after Unicode TR39's confusables
 * (the part that occurs in disguised English).
 */
export const confusables: ReadonlyMap<number, number> = new Map(
  Array.from({ length: pairs.length / 2 }, (_, index): [number, number] => [
    pairs.charCodeAt(index * 2),
    pairs.charCodeAt(index * 2 + 1),
  ]).filter(([from, to]) => from !== to),
);
