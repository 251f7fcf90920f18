/** @returns the word for a code; the code itself if there is none */
export function wordOf(words: { readonly [code: string]: string }, code: string): string {
  return Object.hasOwn(words, code) ? (words[code] ?? code) : code;
}

/**
 * @param reason a code, with what belongs to it behind a space: `retry-at 1767225600000`, `other-plan 12`
 * @returns the word for the code, and what is behind it
 */
export function reasonIn(words: { readonly [code: string]: string }, reason: string): string {
  const [code = "", ...rest] = reason.split(" ");
  return rest.length === 0 ? wordOf(words, code) : `${wordOf(words, code)} ${rest.join(" ")}`;
}
