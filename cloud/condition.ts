import type { Broker } from "./broker/broker.js";
import type { FilesWatch } from "./files/files-watch.js";
import type { BrokerCondition, Condition } from "./operator/health.js";
import type { Processes } from "./processes/processes.js";
import type { StoreHealth } from "./store/fleet-store.js";

/** What a running cloud's condition is read from, each time. */
export interface ConditionSources {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** The other broker, if it is not the own one. */
  readonly brokerUrl: string | undefined;
  /** The broker, once this process has one. */
  broker(): Broker | undefined;
  storage(): StoreHealth;
  /** What watches the store of the files, if they are in one. */
  readonly filesWatch: Pick<FilesWatch, "health"> | undefined;
  /** The other processes, if there may be some. */
  readonly processes: Processes | undefined;
  /** What this process has handled since its start; it counts on. */
  readonly counts: { readonly messages: number; readonly requests: number; readonly bytes: number };
}

/** @returns the condition, of which a process that does not lead tells what the leader has said */
export function conditionOf(sources: ConditionSources): Condition {
  const { startedAt, brokerUrl, filesWatch, processes, counts } = sources;
  const isElsewhere = (): boolean => processes?.isLeading === false;
  const brokerCondition = (): BrokerCondition => {
    if (isElsewhere()) return processes?.facts?.broker ?? { state: "unknown" };
    if (brokerUrl === undefined) return { state: "own" };
    const broker = sources.broker();
    return broker?.isConnected === true
      ? { state: "connected" }
      : { state: "disconnected", sinceMs: broker?.lostAtMs ?? startedAt };
  };
  return {
    startedAt,
    storage: sources.storage,
    ...(filesWatch === undefined ? {} : { files: () => filesWatch.health }),
    leaderlessSinceMs: () => processes?.leaderlessSinceMs,
    broker: brokerCondition,
    messages: () => (isElsewhere() ? (processes?.facts?.messages ?? 0) : counts.messages),
    served: () => counts,
  };
}
