/** How a shell block of a page runs. */
export type Running =
  | { readonly kind: "once" }
  /** Run again and again until its output contains the text. */
  | { readonly kind: "until"; readonly text: string }
  /** Started, and left running once its output contains the text. It ends with the page. */
  | { readonly kind: "background"; readonly text: string };

export type Treatment =
  /** @param needs a variable of the environment without which the block does not run */
  (Running & { readonly needs?: string }) | { readonly kind: "not run"; readonly reason: string };

interface Block {
  readonly page: string;
  /** Line of its first line of content, from 1. */
  readonly line: number;
  readonly content: string;
}

export interface ShellBlock extends Block {
  readonly type: "shell";
  readonly treatment: Treatment;
  /** What the page shows as its output. */
  readonly output: string | undefined;
}

export interface CodeBlock extends Block {
  readonly type: "code";
  readonly language: string;
  /** The file in which a reader saves it, relative to the folder of the repository. */
  readonly file: string | undefined;
}

export type PageBlock = ShellBlock | CodeBlock;

interface Fence extends Block {
  readonly language: string;
  readonly marker: string | undefined;
}

/**
 * Reads the blocks of a page in their order. A comment in the line before a block decides how it is treated:
 *
 *   `not run: REASON`
 *   `run: until "TEXT"`, `run: background until "TEXT"`
 *   `needs: VARIABLE`, `needs: VARIABLE, until "TEXT"`, `needs: VARIABLE, background until "TEXT"`
 *   `output`      what the shell block before it prints
 *   `file: PATH`  where a reader saves the block
 *
 * @param page its name, for messages
 * @throws Error with the place of a marker that cannot be there
 */
export function readPage(page: string, text: string): PageBlock[] {
  const blocks: PageBlock[] = [];
  for (const fence of fencesOf(page, text)) {
    const { language, marker, ...block } = fence;
    if (marker === "output") {
      const last = blocks.pop();
      if (last?.type !== "shell") throw new Error(`${placeOf(fence)}: an output without a shell block before it`);
      blocks.push({ ...last, output: block.content });
    } else if (language === "sh") {
      blocks.push({ ...block, type: "shell", treatment: treatmentOf(fence), output: undefined });
    } else {
      const file = marker === undefined ? undefined : /^file: (\S+)$/.exec(marker)?.[1];
      if (marker !== undefined && file === undefined) throw new Error(`${placeOf(fence)}: unknown marker: ${marker}`);
      blocks.push({ ...block, type: "code", language, file });
    }
  }
  return blocks;
}

export function placeOf({ page, line }: Pick<Block, "page" | "line">): string {
  return `${page}:${line}`;
}

function treatmentOf(fence: Fence): Treatment {
  const { marker } = fence;
  if (marker === undefined) return { kind: "once" };
  const reason = /^not run: (.+)$/.exec(marker)?.[1];
  if (reason !== undefined) return { kind: "not run", reason };
  const match = /^(?:run: |needs: ([A-Z_]+)(?:, |$))(?:(background )?until "([^"]+)")?$/.exec(marker);
  const [, needs, background, text] = match ?? [];
  if (match === null || (needs === undefined && text === undefined)) {
    throw new Error(`${placeOf(fence)}: unknown marker: ${marker}`);
  }
  const running: Running =
    text === undefined ? { kind: "once" } : { kind: background === undefined ? "until" : "background", text };
  return needs === undefined ? running : { ...running, needs };
}

function fencesOf(page: string, text: string): Fence[] {
  const fences: Fence[] = [];
  const lines = text.split("\n");
  for (let index = 0; index < lines.length; index++) {
    const [, indent = "", language] = /^( *)```(\S*)$/.exec(lines[index] as string) ?? [];
    if (language === undefined) continue;
    const end = lines.indexOf(`${indent}\`\`\``, index + 1);
    if (end < 0) throw new Error(`${placeOf({ page, line: index + 1 })}: a block without an end`);
    const content = lines.slice(index + 1, end).map((line) => line.slice(Math.min(indent.length, line.length)));
    const marker = /^ *<!-- (.+) -->$/.exec(lines[index - 1] ?? "")?.[1];
    fences.push({ page, line: index + 2, language, marker, content: content.join("\n") });
    index = end;
  }
  return fences;
}
