import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { UsageError } from "../../cli/command-line.js";
import { needsRoute } from "./congestion-control.js";

/** Something must be there before lwIP can be measured on this machine. The message is one line. */
export class LwipMissing extends UsageError {
  override stack = this.message;
}

/** @throws LwipMissing if this machine has no root, TAP device, network namespaces, C compiler or iproute2 */
export function checkMachine(): void {
  if (process.getuid?.() !== 0) throw new LwipMissing("lwIP is measured in a network namespace: run this as root");
  if (!existsSync("/dev/net/tun")) throw new LwipMissing("no TAP: there is no /dev/net/tun");
  if (!succeeds("unshare", ["--net", "true"])) {
    throw new LwipMissing("no network namespace: `unshare --net true` fails (in a container, give it --privileged)");
  }
  if (!succeeds("cc", ["--version"])) {
    throw new LwipMissing("no C compiler: install one as `cc` (Debian: apt-get install gcc libc6-dev)");
  }
  if (needsRoute() && !succeeds("ip", ["-V"])) {
    throw new LwipMissing("no `ip`, and this machine's TCP is not CUBIC (Debian: apt-get install iproute2)");
  }
}

function succeeds(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}
