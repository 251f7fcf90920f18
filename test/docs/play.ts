import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { difference } from "./output.js";
import { type PageBlock, placeOf, type ShellBlock } from "./page.js";
import { Shell } from "./shell.js";

/** `npm ci` on a busy machine takes longest. */
const BLOCK_MS = 1_200_000;
const WORDS_MS = 120_000;
const AGAIN_MS = 500;

/** A block that does not do what its page says. */
export class PageFault extends Error {
  override readonly name = "PageFault";
}

export interface PlayOptions {
  /** A fresh copy of the repository, in a folder that holds nothing else. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  onBlock(line: string): void;
}

/**
 * Does what a reader of the page does, block by block. What runs in the background ends with the page, and the files
 * that the page made are removed, except what git ignores: the build and the installed packages.
 *
 * @param kept names in the repository's folder that are no page's doing
 * @throws PageFault at the first block that fails
 */
export async function playPage(
  blocks: readonly PageBlock[],
  kept: ReadonlySet<string>,
  options: PlayOptions,
): Promise<void> {
  const background: Shell[] = [];
  try {
    for (const block of blocks) {
      if (block.type === "shell") await playShell(block, options, background);
      else if (block.file !== undefined) save(join(options.folder, block.file), block.content);
    }
  } finally {
    for (const shell of background.reverse()) await shell.kill();
    clean(options.folder, kept);
  }
}

async function playShell(block: ShellBlock, options: PlayOptions, background: Shell[]): Promise<void> {
  const { treatment } = block;
  const began = Date.now();
  const say = (how: string): void => options.onBlock(`${placeOf(block)}  ${firstLine(block.content)}  ${how}`);
  if (treatment.kind === "not run") {
    say(`not run: ${treatment.reason}`);
    return;
  }
  if (treatment.needs !== undefined && !options.env[treatment.needs]) {
    say(`not run: ${treatment.needs} is not set`);
    return;
  }
  switch (treatment.kind) {
    case "background": {
      const shell = new Shell(block.content, options.folder, options.env);
      background.push(shell);
      if (!(await shell.prints(treatment.text, WORDS_MS))) throw fault(block, `no ${treatment.text}`, shell.all);
      break;
    }
    case "until":
      await playUntil(block, treatment.text, options);
      break;
    case "once":
      await playOnce(block, options);
      break;
  }
  say(`${((Date.now() - began) / 1000).toFixed(1)} s`);
}

async function playOnce(block: ShellBlock, options: PlayOptions): Promise<string> {
  const shell = new Shell(block.content, options.folder, options.env);
  try {
    const ended = await shell.end(BLOCK_MS);
    if (ended === undefined) throw fault(block, `no end after ${BLOCK_MS / 1000} s`, shell.all);
    if (ended.code !== 0) throw fault(block, `exit code ${ended.code}`, ended.all);
    if (block.treatment.kind !== "until") compare(block, ended.stdout);
    return ended.stdout;
  } finally {
    await shell.kill();
  }
}

async function playUntil(block: ShellBlock, text: string, options: PlayOptions): Promise<void> {
  const deadline = Date.now() + WORDS_MS;
  for (;;) {
    const stdout = await playOnce(block, options);
    if (stdout.includes(text)) {
      compare(block, stdout);
      return;
    }
    if (Date.now() > deadline) throw fault(block, `no ${text}`, stdout);
    await pause(AGAIN_MS);
  }
}

function compare(block: ShellBlock, stdout: string): void {
  const missing = block.output === undefined ? undefined : difference(block.output, stdout);
  if (missing !== undefined) throw fault(block, `the page shows: ${missing}`, stdout);
}

function fault(block: ShellBlock, what: string, printed: string): PageFault {
  return new PageFault(
    `${placeOf(block)}: ${what}\n--- the block\n${block.content}\n--- printed\n${printed.trimEnd()}`,
  );
}

function firstLine(content: string): string {
  const [first = "", ...others] = content.split("\n");
  return others.length === 0 ? first : `${first} …`;
}

function save(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${content}\n`);
}

function clean(folder: string, kept: ReadonlySet<string>): void {
  for (const name of readdirSync(folder)) {
    if (!kept.has(name)) rmSync(join(folder, name), { recursive: true, force: true });
  }
  const above = dirname(folder);
  for (const name of readdirSync(above)) {
    if (join(above, name) !== folder) rmSync(join(above, name), { recursive: true, force: true });
  }
}
