import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../test/support/root.js";
import type { Row } from "./figures/figure.js";
import { MODEL_FIGURES } from "./figures/index.js";
import { cleanUpdate } from "./figures/updates.js";
import { PROFILES } from "./model/profiles.js";
import { timelineOf } from "./plot.js";
import { tableOf } from "./table.js";

export const DOCUMENT = join("docs", "performance.md");
/** The picture in README. */
export const PICTURE = join("docs", "update.svg");
const PICTURE_PROFILE = "lab";

/** @returns the page, with the figures in virtual time measured anew */
export async function documentNow(): Promise<string> {
  const rows: Row[] = [];
  for (const figure of MODEL_FIGURES) rows.push(...(await figure.measure()));
  return readDocument().replace(/```\n[\s\S]*?```/, () => `\`\`\`\n${tableOf(rows).join("\n")}\n\`\`\``);
}

/** The timeline of an update as it is now. */
export function pictureNow(): string {
  const profile = PROFILES.find(({ name }) => name === PICTURE_PROFILE);
  if (profile === undefined) throw new Error(`no profile ${PICTURE_PROFILE}`);
  return timelineOf(cleanUpdate(profile), profile);
}

export function readPicture(): string {
  return readFileSync(join(ROOT, PICTURE), "utf8");
}

export function writePicture(picture: string): void {
  writeFileSync(join(ROOT, PICTURE), picture);
}

export function readDocument(): string {
  return readFileSync(join(ROOT, DOCUMENT), "utf8");
}

export function writeDocument(text: string): void {
  writeFileSync(join(ROOT, DOCUMENT), text);
}
