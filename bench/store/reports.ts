import { readFileSync } from "node:fs";
import type { FleetStore } from "../../cloud/store/fleet-store.js";
import type { Tables } from "../../cloud/store/tables/tables.js";

/** A time of the fleet, so that a run repeats: 2026-01-01. */
const START_MS = 1_767_225_600_000;
/** Between two reports of the fleet. */
const STEP_MS = 4;
const STATES = ["downloading", "downloading", "downloading", "downloading", "burning", "trial"] as const;

export interface Fleet {
  readonly planId: number;
  readonly devices: readonly { readonly deviceId: number; readonly taskId: number }[];
}

/** What one report costs on average. */
export interface Cost {
  readonly cpuUs: number;
  readonly bytes: number;
  /** The longest time from the first report of a group to its commit. A checkpoint is part of a commit. */
  readonly longestMs: number;
}

/** Adds devices of one product with a component each, and a plan that has a task for each of them. */
export async function addFleet(store: FleetStore, devices: number): Promise<Fleet> {
  return store.write(async (tables) => {
    const product = await tables.products.insert({
      productId: "ABCDE12345",
      name: "bench",
      registration: "off",
      createdAt: START_MS,
    });
    const added = await tables.devices.insertMany(
      Array.from({ length: devices }, (_, index) => ({
        productId: product.id,
        deviceName: `device-${String(index).padStart(5, "0")}`,
        secret: "MDEyMzQ1Njc4OWFiY2RlZg==",
        createdAt: START_MS,
        lastSeenAt: START_MS,
      })),
    );
    for (const { id } of added) await tables.components.set(id, "firmware", "1.0.0", START_MS);
    const target = await tables.packages.insert(
      {
        productId: product.id,
        component: "firmware",
        kind: "module",
        form: "full",
        version: "1.1.0",
        state: "verified",
        data: "{}",
        createdAt: START_MS,
      },
      [],
    );
    const plan = await tables.plans.insert({
      productId: product.id,
      name: "bench",
      purpose: "update",
      state: "active",
      data: "{}",
      settings: "{}",
      dynamic: 0,
      createdAt: START_MS,
    });
    const tasks = await tables.tasks.insertMany(
      added.map(({ id }) => ({
        planId: plan.id,
        position: 0,
        deviceId: id,
        packageId: target.id,
        component: "firmware",
        state: "offered",
        open: 1,
        inFlight: 1,
        attempt: 1,
        deadlineAt: START_MS + 3_600_000,
        offeredAt: START_MS,
        createdAt: START_MS,
        updatedAt: START_MS,
      })),
    );
    return { planId: plan.id, devices: tasks.map(({ deviceId, id }) => ({ deviceId, taskId: id })) };
  });
}

/** Sends reports of random devices, as many at once as a group has. @returns what they cost */
export async function sendReports(
  store: FleetStore,
  fleet: Fleet,
  load: { readonly reports: number; readonly groupReports: number; readonly seed: number },
): Promise<Cost> {
  let random = load.seed;
  let longestMs = 0;
  const times = new Map<number, number>();
  const [cpu, bytes] = [process.cpuUsage(), writtenBytes()];
  for (let sent = 0; sent < load.reports; sent += load.groupReports) {
    const group: Promise<void>[] = [];
    const begunMs = performance.now();
    for (let index = 0; index < load.groupReports; index += 1) {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      const number = (random >>> 8) % fleet.devices.length;
      const time = times.get(number) ?? 0;
      times.set(number, time + 1);
      group.push(store.enqueue((tables) => report(tables, fleet, number, time, START_MS + (sent + index) * STEP_MS)));
    }
    await Promise.all(group);
    longestMs = Math.max(longestMs, performance.now() - begunMs);
  }
  const { user, system } = process.cpuUsage(cpu);
  return { cpuUs: (user + system) / load.reports, bytes: (writtenBytes() - bytes) / load.reports, longestMs };
}

/** What a report of progress makes the cloud store. */
async function report(tables: Tables, fleet: Fleet, number: number, time: number, at: number): Promise<void> {
  const device = fleet.devices[number];
  if (device === undefined) return;
  const { deviceId, taskId } = device;
  const state = STATES[time % STATES.length] ?? "downloading";
  const percent = state === "downloading" ? (time * 25) % 100 : null;
  await tables.devices.touch(deviceId, at);
  await tables.components.set(deviceId, "firmware", "1.0.0", at);
  await tables.tasks.update(taskId, { state, percent, deadlineAt: at + 3_600_000, updatedAt: at });
  const detail = JSON.stringify({ state, percent, version: "1.1.0" });
  await tables.events.append([{ at, deviceId, planId: fleet.planId, taskId, kind: "progress", detail }]);
}

/** Bytes that this process has sent to the disk; only Linux counts them. */
function writtenBytes(): number {
  return Number(/^write_bytes: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1] ?? Number.NaN);
}
