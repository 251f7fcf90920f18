/**
 * What may not reach a terminal or a page as it is: control characters (C0, DEL, C1), the separators of lines and
 * paragraphs, marks that change the direction of text, and the byte order mark. `JSON.stringify` escapes only C0.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** @returns a text in which each such character is spelled out: `\u001b` */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/** @returns JSON in which each such character inside a text is an escape, so that it means the same */
export function printableJson(value: unknown): string {
  return JSON.stringify(value ?? null).replace(UNPRINTABLE, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
