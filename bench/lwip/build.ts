import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../test/support/root.js";
import type { LinkSettings } from "../model/link-settings.js";

const RIG = join(ROOT, "bench", "lwip", "rig");
const BUILT = join(ROOT, "dist", "lwip", "built");
/** Folders of lwIP with what a board's TCP needs, and the one file of its drivers. */
const LWIP_FOLDERS = ["core", join("core", "ipv4")];
const LWIP_ETHERNET = join("netif", "ethernet.c");

/**
 * Compiles the rig with lwIP for a board's settings, unless that was done before.
 *
 * @param lwip folder of lwIP's sources
 * @returns path of the program
 * @throws Error with the compiler's words
 */
export function buildRig(lwip: string, settings: LinkSettings): string {
  const { mss, windowBytes, sack, outOfOrderPbufs } = settings;
  const macros = {
    RIG_MSS: mss,
    RIG_WINDOW: windowBytes,
    RIG_SACK: sack ? 1 : 0,
    RIG_OOSEQ_PBUFS: outOfOrderPbufs,
  };
  const flags = ["-O2", "-Wall", "-Wextra", ...Object.entries(macros).map(([name, value]) => `-D${name}=${value}`)];
  const sources = join(lwip, "src");
  const args = [
    ...flags,
    `-I${RIG}`,
    `-I${join(sources, "include")}`,
    ...filesIn(RIG, ".c"),
    ...LWIP_FOLDERS.flatMap((folder) => filesIn(join(sources, folder), ".c")),
    join(sources, LWIP_ETHERNET),
  ];
  const binary = join(BUILT, `rig-${digest(args)}`);
  if (existsSync(binary)) return binary;
  mkdirSync(BUILT, { recursive: true });
  const unfinished = `${binary}.${process.pid}`;
  const { status, stderr } = spawnSync("cc", [...args, "-o", unfinished], { encoding: "utf8" });
  if (status !== 0) throw new Error(`cc ended with ${status}\n${stderr}`);
  renameSync(unfinished, binary);
  return binary;
}

/** lwIP's own files are named, not read: a version has a folder of its own. */
function digest(args: readonly string[]): string {
  const hash = createHash("sha256").update(args.join(" "));
  for (const file of [...filesIn(RIG, ".c"), ...filesIn(RIG, ".h")]) hash.update(readFileSync(file));
  return hash.digest("hex").slice(0, 16);
}

function filesIn(folder: string, extension: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(extension))
    .sort()
    .map((name) => join(folder, name));
}
