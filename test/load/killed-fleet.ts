import { join } from "node:path";
import { openAtRest } from "../../cloud/core.js";
import { openOperator } from "../../cli/cloud/operator.js";
import { Gate, RawDevice } from "../support/raw-device.js";
import { FLEET_PRODUCT, FLEET_SECRET, fleetName, makeFleetFolder, ServedCloud } from "../support/served-cloud.js";
import { SeededRandom } from "../support/seed.js";

export interface KilledFleetOptions {
  /** An empty folder. */
  readonly folder: string;
  readonly devices: number;
  /** How often the cloud is killed while they update. */
  readonly kills: number;
  readonly seed: number;
  /** Called with a line now and then. */
  onProgress?(line: string): void;
}

export interface KilledFleetFigures {
  readonly acknowledged: number;
  /** Events in the history of the cloud. */
  readonly events: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Acknowledged reports at which the cloud was killed. */
  readonly killedAt: readonly number[];
  readonly violations: readonly string[];
}

const PERCENTS = [0, 50, 100];
/** One device in so many fails. */
const FAILING = 20;
/** Reports that are on their way at a time. */
const WIDTH = 200;
/** Violations that are told. */
const MOST_TOLD = 20;
const PAGE = 1000;
const REPORTS = ["version-reported", "download-reported", "burn-reported", "done-reported", "fail-reported"];

/**
 * Lets a fleet take one update each from a served cloud that is killed again and again, and compares what the devices
 * know with what the cloud has stored.
 */
export async function killedFleet(options: KilledFleetOptions): Promise<KilledFleetFigures> {
  const { folder, devices: count, kills, seed, onProgress } = options;
  const state = join(folder, "state");
  await makeFleetFolder(state, count);
  const random = new SeededRandom(seed);
  let cloud = await ServedCloud.start(state);
  const port = cloud.mqttPort;
  let acknowledged = 0;
  let reached = (): void => {};
  const fleet = {
    port: () => port,
    productId: FLEET_PRODUCT,
    deviceSecret: FLEET_SECRET,
    random,
    percents: PERCENTS,
    gate: new Gate(WIDTH),
    onAcknowledged: () => {
      acknowledged++;
      reached();
    },
  };
  const devices = Array.from(
    { length: count },
    (_, index) => new RawDevice(fleet, fleetName(index), random.integer(0, FAILING) === 0),
  );
  const killedAt: number[] = [];
  try {
    await Promise.all(devices.map((device) => device.connect()));
    const { operator, actor } = await openOperator({ state }, "upgrade");
    const deviceNames = devices.map(({ deviceName }) => deviceName);
    await operator.upgrade(
      { productId: FLEET_PRODUCT, version: "2.0.0", selection: { kind: "list", deviceNames } },
      actor,
    );
    await operator.close?.();
    let isOver = false;
    const updates = Promise.all(devices.map((device) => device.update())).then(() => void (isOver = true));
    const perKill = Math.floor((count * PERCENTS.length) / kills);
    for (let kill = 0; kill < kills && !isOver; kill++) {
      const limit = acknowledged + random.integer(Math.ceil(perKill / 4), perKill);
      const isReached = new Promise<void>((resolve) => {
        reached = () => {
          if (acknowledged >= limit) resolve();
        };
      });
      await Promise.race([isReached, updates]);
      await cloud.end("SIGKILL");
      killedAt.push(acknowledged);
      onProgress?.(`killed after ${acknowledged} acknowledged reports`);
      cloud = await ServedCloud.start(state, { mqttPort: port });
    }
    await updates;
  } finally {
    for (const device of devices) device.close();
    await cloud.end("SIGTERM");
  }
  return { acknowledged, killedAt, ...(await compare(state, devices)) };
}

/** What the cloud has stored, against what the devices know. */
async function compare(state: string, devices: readonly RawDevice[]) {
  const core = await openAtRest(state);
  const violations: string[] = [];
  const tell = (what: string): void => {
    if (violations.length < MOST_TOLD) violations.push(what);
  };
  try {
    const { tables } = core.state.transactions;
    const product = await tables.products.find(FLEET_PRODUCT);
    const names = devices.map(({ deviceName }) => deviceName);
    const ids = new Map(
      (await tables.devices.findMany(product?.id ?? 0, names)).map((row) => [row.deviceName, row.id]),
    );
    const { reports, ends, count } = await historyOf(tables);
    const counts = { succeeded: 0, failed: 0 };
    for (const { deviceName, acknowledged, outcome } of devices) {
      const id = ids.get(deviceName) ?? 0;
      const lost = firstLost(acknowledged, reports.get(id) ?? []);
      if (lost !== undefined) tell(`${deviceName}: lost the acknowledged ${lost}`);
      if (outcome === undefined) tell(`${deviceName}: its update has not ended`);
      else counts[outcome]++;
      const tasks = await tables.taskLists.ofDevice(id);
      if (tasks.length !== 1) tell(`${deviceName}: ${tasks.length} tasks`);
      if (tasks[0]?.state !== outcome)
        tell(`${deviceName}: ${outcome ?? ""} by its word, ${tasks[0]?.state ?? ""} here`);
      const seen = (ends.get(id) ?? []).join();
      if (seen !== `task-${outcome ?? ""}`) tell(`${deviceName}: its task ended by ${seen}`);
    }
    const [plan, ...others] = await core.operator.plans({}, {}).then(({ items }) => items);
    if (plan === undefined || others.length > 0) tell("there is not one plan");
    for (const outcome of ["succeeded", "failed"] as const) {
      const stored = plan?.counts[outcome] ?? 0;
      if (stored !== counts[outcome]) tell(`${counts[outcome]} ${outcome} by their word, ${stored} are counted here`);
    }
    return { events: count, ...counts, violations };
  } finally {
    await core.close();
  }
}

type Tables = Awaited<ReturnType<typeof openAtRest>>["state"]["transactions"]["tables"];

/** The reports and the ends of tasks in the history, by device. */
async function historyOf(tables: Tables) {
  const reports = new Map<number, string[]>();
  const ends = new Map<number, string[]>();
  let count = 0;
  for (let after = 0; ; ) {
    const page = await tables.events.list({}, { after, limit: PAGE, order: "oldest" });
    for (const { deviceId, kind, detail } of page) {
      count++;
      if (deviceId === null) continue;
      const { version = "", percent } = JSON.parse(detail) as { readonly version?: string; readonly percent?: number };
      if (REPORTS.includes(kind)) {
        add(reports, deviceId, `${kind} ${version}${percent === undefined ? "" : ` ${percent}`}`);
      }
      if (kind === "task-succeeded" || kind === "task-failed") add(ends, deviceId, kind);
    }
    after = page.at(-1)?.id ?? after;
    if (page.length < PAGE) return { reports, ends, count };
  }
}

function add(map: Map<number, string[]>, key: number, text: string): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [text]);
  else known.push(text);
}

/** @returns the first of the acknowledged reports that is not in the history, in its order */
function firstLost(acknowledged: readonly string[], stored: readonly string[]): string | undefined {
  let at = 0;
  for (const report of acknowledged) {
    const found = stored.indexOf(report, at);
    if (found < 0) return report;
    at = found + 1;
  }
  return undefined;
}
