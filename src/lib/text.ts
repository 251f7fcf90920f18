/** Longest line of a log, in UTF-16 code units. */
export const LINE_LIMIT = 512;

/**
 * The one gate for text from outside before it becomes a line of a log or of a report. It replaces by `?` whatever
 * could end the line, drive a terminal or turn the order of what is read: the controls C0, DEL and C1, the separators
 * U+2028 and U+2029, and the bidirectional controls U+202A to U+202E and U+2066 to U+2069. The rest
 * of the text stays, also if it is not ASCII, and is cut after `limit` code units.
 */
export function printable(text: string, limit = LINE_LIMIT): string {
  return replaceEach(text.slice(0, limit), (code, index) =>
    code < 0x20 ||
    (code >= 0x7f && code < 0xa0) ||
    (code >= 0x2028 && code <= 0x202e) ||
    (code >= 0x2066 && code <= 0x2069) ||
    // Half of a surrogate pair: its copy in a stored record would be another character.
    (code >> 10 === 0x36 && index === limit - 1)
      ? "?"
      : undefined,
  );
}

/** @param replacement for the character with this code at this index; `undefined`: it stays */
export function replaceEach(text: string, replacement: (code: number, index: number) => string | undefined): string {
  let replaced = "";
  let from = 0;
  for (let index = 0; index < text.length; index++) {
    const other = replacement(text.charCodeAt(index), index);
    if (other === undefined) continue;
    replaced += text.slice(from, index) + other;
    from = index + 1;
  }
  return replaced + text.slice(from);
}

/** Whether all of a text is visible ASCII. A RegExp would take a slot of stack for each character. */
export function isVisibleAscii(text: string): boolean {
  return replaceEach(text, (code) => (code > 0x20 && code < 0x7f ? undefined : "")) === text;
}
