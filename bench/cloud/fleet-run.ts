import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { openOperator } from "../../cli/cloud/operator.js";
import { readFacts } from "../../cloud/processes/facts.js";
import { readLease } from "../../cloud/store/postgres/leadership.js";
import { Post } from "../../cloud/store/postgres/post.js";
import { enginesOf, sharedPids } from "../../test/support/engine-choice.js";
import { ROOT } from "../../test/support/root.js";
import { FLEET_PRODUCT, fleetName, makeFleetFolder, ServedCloud } from "../../test/support/served-cloud.js";
import type { Answer, Order } from "./devices.js";
import { costOf, familyCpuMs, type ProcessCost } from "./process-cost.js";

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
  /** Until the last of them was handled, over the time of the update. */
  readonly reportsASecond: number;
  /** With PostgreSQL and another broker. */
  readonly databaseUsAReport: number | undefined;
  readonly brokerUsAReport: number | undefined;
  /** From the end of the leader by SIGKILL until the standby has handled a report. */
  readonly handOverMs: number | undefined;
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
/** Each answer has the names of all devices of the plan: more often would be a load that no operator makes. */
const PLANS_INTERVAL_MS = 500;

/** Lets a fleet connect, and take one update each. */
export async function runFleet({ folder, devices, nodeOptions }: FleetRunOptions): Promise<FleetFigures> {
  const state = join(folder, "state");
  await makeFleetFolder(state, devices);
  const cloud = await ServedCloud.start(state, { nodeOptions });
  const fleet = new DeviceProcess();
  try {
    const empty = costOf(cloud.pid);
    const first = await fleet.carryOut({ do: "connect", port: cloud.mqttPort, devices });
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const connected = costOf(cloud.pid);
    const warm = await fleet.carryOut({ do: "report", times: Math.ceil(WARM_REPORTS / devices) });
    await allHandled(state, first + warm);
    const before = costOf(cloud.pid);
    const others = await othersCpu();
    const beganAt = performance.now();
    const updated = fleet.carryOut({ do: "update" });
    const { upgraded, acceptedAt, acceptedMs } = await upgrade(state, devices);
    const status = await statusesUntil(updated, state);
    const reports = await updated;
    await allEnded(state);
    const tookSec = (performance.now() - beganAt) / 1000;
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
      reportsASecond: reports / tookSec,
      ...perOthersReport(others, await othersCpu(), reports),
      handOverMs: await handOver(state, cloud, fleet),
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

/** CPU of the servers beside the cloud, in milliseconds; `undefined` if there are none. */
async function othersCpu(): Promise<{ readonly database: number; readonly broker: number } | undefined> {
  const servers = await sharedPids();
  if (servers === undefined) return undefined;
  return { database: familyCpuMs(servers.database), broker: familyCpuMs(servers.broker) };
}

type OthersCpu = Awaited<ReturnType<typeof othersCpu>>;

function perOthersReport(before: OthersCpu, after: OthersCpu, reports: number) {
  const each = (from?: number, to?: number): number | undefined =>
    from === undefined || to === undefined ? undefined : ((to - from) * 1000) / reports;
  return {
    databaseUsAReport: each(before?.database, after?.database),
    brokerUsAReport: each(before?.broker, after?.broker),
  };
}

/** Another broker acknowledges a report before the cloud has it. The leader says once a second how many it has had. */
async function allHandled(state: string, reports: number): Promise<void> {
  const { database } = await enginesOf(state);
  if (database === undefined) return;
  const post = await Post.open({ url: database, name: "bench", onNotice: () => {}, onLost: () => {} });
  try {
    while ((readFacts((await readLease(post)).facts)?.messages ?? 0) < reports) {
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    }
    // Those that it had last are stored.
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  } finally {
    await post.close();
  }
}

async function allEnded(state: string): Promise<void> {
  if ((await enginesOf(state)).broker === undefined) return;
  const { operator } = await openOperator({ state }, "status");
  while ((await operator.plans({ state: "active" }, {})).items.length > 0) {
    await new Promise((resolve) => setTimeout(resolve, PLANS_INTERVAL_MS));
  }
  await operator.close?.();
}

/** Kills the leader, and all devices report. @returns until a standby has handled a report; `undefined` on a folder */
async function handOver(state: string, leader: ServedCloud, fleet: DeviceProcess): Promise<number | undefined> {
  const { database } = await enginesOf(state);
  if (database === undefined) return undefined;
  const standby = await ServedCloud.start(state);
  const { operator } = await openOperator({ state, database }, "status");
  try {
    await leader.end("SIGKILL");
    const endedAt = Date.now();
    await fleet.carryOut({ do: "report", times: 1 });
    for (;;) {
      const [first] = (await operator.devices({}, { limit: 1 })).items;
      const seenAt = first?.lastSeenAt ?? 0;
      if (seenAt > endedAt) return seenAt - endedAt;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    await operator.close?.();
    await standby.end("SIGTERM");
  }
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
