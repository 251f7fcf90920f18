/** The known name that is most like a wrong one, if it is like it at all: at most a third of its letters differ. */
export function nearestOf(wrong: string, known: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(wrong.length / 3));
  let nearest: string | undefined;
  let least = most + 1;
  for (const name of known) {
    const distance = distanceOf(wrong.toLowerCase(), name.toLowerCase(), most);
    if (distance < least) [nearest, least] = [name, distance];
  }
  return nearest;
}

/** Letters to insert, delete or replace (Levenshtein). What is longer than `most` apart is only told to be so. */
function distanceOf(left: string, right: string, most: number): number {
  if (Math.abs(left.length - right.length) > most) return most + 1;
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let at = 1; at <= left.length; at++) {
    const next = [at];
    for (let to = 1; to <= right.length; to++) {
      const replaced = (row[to - 1] ?? 0) + (left[at - 1] === right[to - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[to] ?? 0) + 1, (next[to - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? most + 1;
}
