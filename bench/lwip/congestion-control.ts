import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { DEVICE, HOST_ADDRESS, NETWORK } from "./rig.js";

/** Linux's own default, and the model's. */
const NAME = "cubic";
const DEFAULT_PATH = "/proc/sys/net/ipv4/tcp_congestion_control";

/** Whether the servers have to be told, because this machine has another default. */
export function needsRoute(): boolean {
  return readFileSync(DEFAULT_PATH, "utf8").trim() !== NAME;
}

/**
 * Lets Linux's end of the link send as the model does. A network namespace may not choose its default freely, but each
 * of its routes may.
 */
export function chooseCongestionControl(): void {
  if (!needsRoute()) return;
  const route = ["route", "change", NETWORK, "dev", DEVICE, "src", HOST_ADDRESS, "congctl", NAME];
  const { status } = spawnSync("ip", route, { stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) throw new Error(`Linux has no congestion control ${NAME} here`);
}
