import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../test/support/root.js";
import { LwipMissing } from "./missing.js";

const FOLDER = join(ROOT, "dist", "lwip");
const DEBIAN_PACKAGE = "lwip";

/** @returns the folder of lwIP's sources that an earlier run has downloaded */
export function downloadedLwip(): string | undefined {
  if (!existsSync(FOLDER)) return undefined;
  return readdirSync(FOLDER)
    .map((name) => join(FOLDER, name))
    .find(isLwip);
}

/**
 * @param folder of lwIP's sources; if absent, Debian's source package is downloaded once
 * @returns that folder
 * @throws LwipMissing if it holds no lwIP, or Debian's package cannot be had
 */
export function findLwip(folder: string | undefined): string {
  if (folder !== undefined) {
    if (!isLwip(folder)) throw new LwipMissing(`no lwIP in ${folder}: it has no src/core/tcp.c`);
    return folder;
  }
  const found = downloadedLwip() ?? download();
  if (found === undefined)
    throw new LwipMissing("Debian's source package lwip holds no src/core/tcp.c: give --lwip DIR");
  return found;
}

function isLwip(folder: string): boolean {
  return existsSync(join(folder, "src", "core", "tcp.c"));
}

function download(): string | undefined {
  mkdirSync(FOLDER, { recursive: true });
  const { status, stderr } = spawnSync("apt-get", ["source", DEBIAN_PACKAGE], { cwd: FOLDER, encoding: "utf8" });
  if (status !== 0) {
    const reason = (stderr ?? "").trim().split("\n").at(-1) || "no apt-get";
    throw new LwipMissing(
      `no lwIP: \`apt-get source ${DEBIAN_PACKAGE}\` failed (${reason}); it needs deb-src and dpkg-dev, or give --lwip DIR`,
    );
  }
  return downloadedLwip();
}
