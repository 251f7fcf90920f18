import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { RunOptions } from "./measure.js";

const PROGRAM = fileURLToPath(new URL("measure.js", import.meta.url));
/** nb-iot takes minutes for 1 MiB. */
const TIMEOUT_MS = 600_000;

/**
 * Runs one update in a process and a network namespace of their own.
 *
 * @returns milliseconds from the offer until the image is pending
 * @throws Error if the update did not get that far; what it had to say is on standard error
 */
export function runOnce(options: RunOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const args = ["--net", process.execPath, PROGRAM, "measure", JSON.stringify(options)];
    // It ends if its standard input does: also if this process is killed.
    const child = spawn("unshare", args, { stdio: ["pipe", "pipe", "inherit"], detached: true });
    const timeout = setTimeout(() => child.stdin.destroy(), TIMEOUT_MS);
    let output = "";
    child.stdout.on("data", (bytes: Buffer) => (output += bytes.toString()));
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timeout);
      const ms = Number(output);
      if (code === 0 && ms > 0) resolve(ms);
      else reject(new Error(`no update over lwIP on ${options.profile.name} with ${options.settings.name}`));
    });
  });
}
