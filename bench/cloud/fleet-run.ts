import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { openOperator } from "../../cli/cloud/operator.js";
import { ROOT } from "../../test/support/root.js";
import { FLEET_PRODUCT, fleetName, makeFleetFolder, ServedCloud } from "../../test/support/served-cloud.js";
import type { Answer, Order } from "./devices.js";
import { costOf, type ProcessCost } from "./process-cost.js";

/** What a fleet of one size costs the cloud. */
export interface FleetFigures {
  readonly devices: number;
  readonly reports: number;
  readonly cpuUsAReport: number;
  readonly bytesAReport: number;
  readonly memoryBytesADevice: number;
  /** How many devices the upgrade has reached. */
  readonly upgraded: number;
  /** From the request to the answer. */
  readonly acceptedMs: number;
  /** From the answer to the first offer; negative if the offer was earlier. */
  readonly firstOfferMs: number;
  /** The longest of the requests for the status while the devices update. */
  readonly statusMs: number;
  readonly statusAnswers: number;
}

export interface FleetRunOptions {
  /** An empty folder. */
  readonly folder: string;
  readonly devices: number;
  /** Options of Node for the cloud's process. */
  readonly nodeOptions: readonly string[];
}

/** Reports before the measurement, so that the code of the cloud is compiled for each size of the fleet alike. */
const WARM_REPORTS = 5000;
const SETTLE_MS = 1000;
const STATUS_INTERVAL_MS = 2000;

/** Lets a fleet connect, and take one update each. */
export async function runFleet({ folder, devices, nodeOptions }: FleetRunOptions): Promise<FleetFigures> {
  const state = join(folder, "state");
  await makeFleetFolder(state, devices);
  const cloud = await ServedCloud.start(state, 0, nodeOptions);
  const fleet = new DeviceProcess();
  try {
    const empty = costOf(cloud.pid);
    await fleet.carryOut({ do: "connect", port: cloud.mqttPort, devices });
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const connected = costOf(cloud.pid);
    await fleet.carryOut({ do: "report", times: Math.ceil(WARM_REPORTS / devices) });
    const before = costOf(cloud.pid);
    const updated = fleet.carryOut({ do: "update" });
    const { upgraded, acceptedAt, acceptedMs } = await upgrade(state, devices);
    const status = await statusesUntil(updated, state);
    const reports = await updated;
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    return {
      devices,
      reports,
      ...perReport(before, costOf(cloud.pid), reports),
      memoryBytesADevice: (connected.residentBytes - empty.residentBytes) / devices,
      upgraded,
      acceptedMs,
      firstOfferMs: fleet.firstOfferAt - acceptedAt,
      ...status,
    };
  } finally {
    await fleet.carryOut({ do: "close" });
    await cloud.end("SIGTERM");
  }
}

function perReport(before: ProcessCost, after: ProcessCost, reports: number) {
  return {
    cpuUsAReport: ((after.cpuMs - before.cpuMs) * 1000) / reports,
    bytesAReport: (after.writtenBytes - before.writtenBytes) / reports,
  };
}

/** Upgrades the whole fleet by the API, as `ota-cloud upgrade` does. */
async function upgrade(state: string, devices: number) {
  const { operator, actor } = await openOperator({ state }, "upgrade");
  const began = Date.now();
  const request = {
    productId: FLEET_PRODUCT,
    version: "2.0.0",
    selection: { kind: "list", deviceNames: Array.from({ length: devices }, (_, index) => fleetName(index)) },
  } as const;
  const { devices: upgraded } = await operator.upgrade(request, actor);
  const acceptedAt = Date.now();
  await operator.close?.();
  return { upgraded, acceptedAt, acceptedMs: acceptedAt - began };
}

/** Requests the status again and again until the devices have updated. */
async function statusesUntil(updated: Promise<number>, state: string) {
  let isOver = false;
  const over = updated.then(() => void (isOver = true));
  let [statusMs, statusAnswers] = [0, 0];
  const { operator } = await openOperator({ state }, "status");
  while (!isOver) {
    const began = Date.now();
    await operator.status();
    statusMs = Math.max(statusMs, Date.now() - began);
    if (!isOver) statusAnswers++;
    await Promise.race([over, new Promise((resolve) => setTimeout(resolve, STATUS_INTERVAL_MS))]);
  }
  await operator.close?.();
  return { statusMs, statusAnswers };
}

/** The process of the devices. */
class DeviceProcess {
  readonly #child: ChildProcess = fork(join(ROOT, "dist/node/bench/cloud/devices.js"));
  /** Epoch milliseconds; not a number before the first offer. */
  firstOfferAt = Number.NaN;

  /** @returns how many reports were acknowledged meanwhile @throws Error if the process ended */
  carryOut(order: Order): Promise<number> {
    return new Promise((resolve, reject) => {
      const onEnd = (): void => reject(new Error("the process of the devices has ended"));
      const onMessage = (answer: Answer): void => {
        if ("firstOfferAt" in answer) {
          this.firstOfferAt = answer.firstOfferAt;
          return;
        }
        this.#child.off("message", onMessage);
        this.#child.off("exit", onEnd);
        resolve(answer.reports);
      };
      this.#child.on("message", onMessage);
      this.#child.once("exit", order.do === "close" ? () => resolve(0) : onEnd);
      if (this.#child.connected) this.#child.send(order);
      else onEnd();
    });
  }
}
