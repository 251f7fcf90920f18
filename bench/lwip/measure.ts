import { fork } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { fileURLToPath } from "node:url";
import { chooseCongestionControl } from "./congestion-control.js";
import { Rig } from "./rig.js";
import { READY, serve } from "./server.js";
import { updateMs, type UpdateOptions } from "./update.js";

/** What one run measures. */
export interface RunOptions extends Omit<UpdateOptions, "rig"> {
  /** The rig's program. */
  readonly binary: string;
  readonly trace?: string | undefined;
}

const AUTOGROUP = "/proc/self/autogroup";

/**
 * Other work of the machine must not delay this. Linux may share out its time by session, and this process leads one. A
 * container may not permit it; then the runs only differ more.
 */
function hurry(): void {
  const { PRIORITY_HIGHEST } = constants.priority;
  try {
    if (existsSync(AUTOGROUP)) writeFileSync(AUTOGROUP, String(PRIORITY_HIGHEST));
    setPriority(PRIORITY_HIGHEST);
  } catch (error) {
    process.stderr.write(`other work of this machine is not put behind: ${(error as Error).message}\n`);
  }
}

/** One update in a network namespace of its own. The arguments are JSON; the milliseconds go to standard output. */
async function measure(options: RunOptions): Promise<void> {
  hurry();
  process.stdin.on("close", () => process.exit(1)).resume();
  const { binary, settings, trace, profile, byteLength } = options;
  const rig = new Rig({ binary, settings, link: profile.link, trace });
  await rig.ready();
  chooseCongestionControl();
  const server = fork(fileURLToPath(import.meta.url), ["serve", String(byteLength)]);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("message", (message) => message === READY && resolve());
      server.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
    });
    const ms = await Promise.race([updateMs({ rig, profile, settings, byteLength }), rig.failure]);
    process.stdout.write(`${ms}\n`);
  } finally {
    server.removeAllListeners("exit");
    server.disconnect();
    rig.end();
    process.stdin.removeAllListeners("close").destroy();
  }
}

const [role, argument = ""] = process.argv.slice(2);
if (role === "serve") await serve(Number(argument));
else if (role === "measure") await measure(JSON.parse(argument) as RunOptions);
