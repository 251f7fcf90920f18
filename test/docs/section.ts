/** A heading of a page and what is under it, up to the next heading. */
export interface Section {
  /** From 1; 0 for what comes before the first heading. */
  readonly level: number;
  readonly title: string;
  /** What is in backticks, outside of code blocks: each once, sorted. */
  readonly code: readonly string[];
  /** The targets of its links without anchors, each once. A Chinese page or picture counts as its English one. */
  readonly links: readonly string[];
  /** Its numbers in digits, outside of code: each once, sorted. */
  readonly figures: readonly string[];
  /** What it is made of, in order: `paragraph`, `code block`, `table of 4`, `list of 3`. */
  readonly shape: readonly string[];
  /** Its paragraphs and lists, without their code and links. */
  readonly prose: readonly string[];
}

/** What ends the name of a Chinese page. */
export const CHINESE = ".zh-CN.md";

const FENCE = /^( *)```[\s\S]*?^\1```$/gm;
const COMMENT = /^ *<!-- .* -->\n/gm;
const HEADING = /^(#+) (.+)$/;

/** Reads a page section by section. */
export function sectionsOf(text: string): Section[] {
  const plain = text.replace(COMMENT, "").replace(FENCE, "$1\0");
  return plain.split(/^(?=#+ )/m).map((part) => {
    const [, marks = "", title = ""] = HEADING.exec(part.split("\n", 1)[0] as string) ?? [];
    const words = wordsOf(part);
    const chunks = part
      .split(/\n\s*\n|\n(?=#+ )/)
      .filter((chunk) => chunk.trim() !== "" && !HEADING.test(chunk.trim()));
    return {
      level: marks.length,
      title,
      code: once([...part.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code.replace(/\s+/g, " "))),
      links: once(
        [...part.matchAll(/\]\(([^)\s#]*)[^)]*\)/g)].map(([, link = ""]) => link.replace(/\.zh-CN\.(md|png)$/, ".$1")),
      ),
      figures: once(words.match(/\d+(?:[.,]\d+)*/g) ?? []),
      shape: chunks.map(shapeOf),
      prose: chunks.filter((chunk) => !/^ *[\0|]/.test(chunk)).map(wordsOf),
    };
  });
}

function shapeOf(chunk: string): string {
  if (/^ *\0/.test(chunk)) return "code block";
  const lines = chunk.split("\n");
  if (chunk.startsWith("|")) return `table of ${lines.length}`;
  const items = lines.filter((line) => /^ *(?:-|\d+\.) /.test(line)).length;
  return items > 0 ? `list of ${items}` : "paragraph";
}

function wordsOf(chunk: string): string {
  return chunk.replace(/`[^`]+`/g, "").replace(/\]\([^)]*\)/g, "]");
}

function once(words: readonly string[]): string[] {
  return [...new Set(words)].sort();
}
