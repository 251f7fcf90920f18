import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../test/support/root.js";
import type { Row } from "./figures/figure.js";
import { MODEL_FIGURES } from "./figures/index.js";
import { tableOf } from "./table.js";

export const DOCUMENT = join("docs", "performance.md");

/** @returns the page, with the figures in virtual time measured anew */
export async function documentNow(): Promise<string> {
  const rows: Row[] = [];
  for (const figure of MODEL_FIGURES) rows.push(...(await figure.measure()));
  return readDocument().replace(/```\n[\s\S]*?```/, () => `\`\`\`\n${tableOf(rows).join("\n")}\n\`\`\``);
}

export function readDocument(): string {
  return readFileSync(join(ROOT, DOCUMENT), "utf8");
}

export function writeDocument(text: string): void {
  writeFileSync(join(ROOT, DOCUMENT), text);
}
