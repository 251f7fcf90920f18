import type { FilesHealth } from "../files/files-watch.js";
import type { StoreHealth } from "../store/fleet-store.js";
import type { OperatorContext } from "./context.js";
import { type Health, type Metric, TASK_STATES } from "./types.js";

/**
 * With which broker the cloud runs, and since when the connection to another one is lost. `unknown`: only the process
 * that leads knows it, and has not said so yet.
 */
export type BrokerCondition =
  | { readonly state: "own" | "connected" | "unknown" }
  | { readonly state: "disconnected"; readonly sinceMs: number };

/** What only the running cloud knows about itself. */
export interface Condition {
  readonly startedAt: number;
  storage(): StoreHealth;
  /** The store of the packages' files; absent: they are in a folder. */
  files?(): FilesHealth;
  broker(): BrokerCondition;
  /** Since when no process takes the messages of devices; `undefined`: one does. */
  leaderlessSinceMs?(): number | undefined;
  /** Messages of devices since the start. */
  messages(): number;
  /** Requests to the file server since the start, and their bytes. */
  served(): { readonly requests: number; readonly bytes: number };
}

/** The condition of a state that no cloud runs on. */
export function atRest(storage: () => StoreHealth): Condition {
  return {
    startedAt: Date.now(),
    storage,
    broker: () => ({ state: "own" }),
    messages: () => 0,
    served: () => ({ requests: 0, bytes: 0 }),
  };
}

const LEADERLESS = "no process takes the messages of devices: start one that may lead";
const BROKER_LOST = "the broker is lost: devices are not served until it is back";

/** @returns what keeps this process from its work: requests are not to be sent to it */
export function hindrancesOf(condition: Condition): Health["problems"] {
  const storage = condition.storage();
  const broker = condition.broker();
  const leaderlessSinceMs = condition.leaderlessSinceMs?.();
  return [
    ...(storage.ok ? [] : [{ code: `storage-${storage.code}`, message: storage.message, sinceMs: storage.sinceMs }]),
    ...(leaderlessSinceMs === undefined ? [] : [{ code: "leader", message: LEADERLESS, sinceMs: leaderlessSinceMs }]),
    ...(broker.state === "disconnected" ? [{ code: "broker", message: BROKER_LOST, sinceMs: broker.sinceMs }] : []),
  ];
}

/**
 * @returns what is wrong. Without the store of the files everything works but uploads and downloads, and no other
 * process would do better: it is said, and keeps no request away.
 */
function problemsOf(condition: Condition): Health["problems"] {
  const files = condition.files?.() ?? { ok: true };
  return [
    ...hindrancesOf(condition),
    ...(files.ok ? [] : [{ code: `files-${files.code}`, message: files.message, sinceMs: files.sinceMs }]),
  ];
}

export function healthOf({ presence }: OperatorContext, condition: Condition): Health {
  const problems = problemsOf(condition);
  return {
    ok: problems.length === 0,
    problems,
    startedAt: condition.startedAt,
    devicesOnline: presence.connections,
    broker: condition.broker().state,
  };
}

export async function metricsOf(context: OperatorContext, condition: Condition): Promise<readonly Metric[]> {
  const { tables } = context.transactions;
  const tasks = await tables.tasks.countsOfActivePlans();
  const { requests, bytes } = condition.served();
  const { connections } = context.presence;
  const files = condition.files?.();
  return [
    gauge("up", "1 while the state can be stored", condition.storage().ok ? 1 : 0),
    ...(files === undefined
      ? []
      : [gauge("files_up", "1 while the store of the packages' files answers", files.ok ? 1 : 0)]),
    gauge("devices", "devices that were added", await tables.devices.count()),
    ...(connections === null ? [] : [gauge("devices_online", "devices that are connected", connections)]),
    gauge("plans_active", "plans that are active", context.rollout.active.ids.length),
    {
      name: "tasks",
      help: "tasks of active plans, by state",
      type: "gauge",
      values: TASK_STATES.map((state) => ({ labels: { state }, value: tasks[state] ?? 0 })),
    },
    counter("messages_total", "messages of devices since the start", condition.messages()),
    counter("file_requests_total", "requests to the file server since the start", requests),
    counter("file_bytes_total", "bytes that the file server was to send since the start", bytes),
  ];
}

function gauge(name: string, help: string, value: number): Metric {
  return { name, help, type: "gauge", values: [{ labels: {}, value }] };
}

function counter(name: string, help: string, value: number): Metric {
  return { name, help, type: "counter", values: [{ labels: {}, value }] };
}
