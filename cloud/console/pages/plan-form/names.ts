/** Names of devices in a text that was pasted or came from a file. */
export interface NameList {
  /** Each once, in the order of the text. */
  readonly names: readonly string[];
  /** What cannot be the name of a device. */
  readonly rejected: readonly string[];
}

const DEVICE = /^[A-Za-z0-9:_-]{1,48}$/;
const BETWEEN = /[\s,;，；、]+/u;
/** First line of tables that programs write. */
const HEADING = /^(device[ _-]?name|设备名称)$/i;

/** @param text names with white space, commas or semicolons between them, in quotation marks or not */
export function namesIn(text: string): NameList {
  const names = new Set<string>();
  const rejected = new Set<string>();
  // The mark by which some editors begin a file.
  const words = text.replace(/^\uFEFF/u, "").split(BETWEEN);
  for (const [index, word] of words.entries()) {
    const name = word.replace(/^"(.*)"$/, "$1");
    if (name === "" || (index === 0 && HEADING.test(name))) continue;
    if (DEVICE.test(name)) names.add(name);
    else rejected.add(word);
  }
  return { names: [...names], rejected: [...rejected] };
}

/** @returns the text with these names behind those that it has */
export function withNames(text: string, added: readonly string[]): string {
  const { names } = namesIn(text);
  const known = new Set(names);
  const fresh = added.filter((name) => !known.has(name));
  if (fresh.length === 0) return text;
  return [...(text.trim() === "" ? [] : [text.trimEnd()]), ...fresh].join("\n");
}
