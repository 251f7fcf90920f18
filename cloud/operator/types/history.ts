import type { TaskStateName } from "./tasks.js";

export interface VersionHistoryQuery {
  readonly productId: string;
  /** Default: `firmware`, the device's own. */
  readonly component?: string;
  /** Milliseconds since 1970. Default: a day before `to`. */
  readonly from?: number;
  /** Default, and at most: now. */
  readonly to?: number;
  /** Most points, 2 to 1,000. Default 200. */
  readonly points?: number;
}

export interface VersionHistory {
  readonly from: number;
  readonly to: number;
  /** All that occur in the points, in their order. An empty text stands for those beyond the 50 most frequent ones. */
  readonly versions: readonly string[];
  /** Each holds until the next one. The first is at `from`, or at the first time that is known; the last is at `to`. */
  readonly points: readonly {
    readonly at: number;
    /** Devices of the product that are online, whatever they run; `null` if that was not known. */
    readonly online: number | null;
    readonly devices: { readonly [version: string]: number };
  }[];
}

export interface PlanTimeline {
  /** Each holds until the next one. The last is at the plan's end, or now; a draft has none. */
  readonly points: readonly {
    readonly at: number;
    readonly counts: { readonly [state in TaskStateName]: number };
  }[];
}

/** Points of a history unless it is asked for fewer or more, and the most. */
export const DEFAULT_POINTS = 200;
export const MOST_POINTS = 1000;

export interface HistoryOperations {
  /** How many devices ran each version of a component. */
  versionHistory(query: VersionHistoryQuery): Promise<VersionHistory>;
  /** How many tasks of a plan were in each state. */
  planTimeline(id: number, query?: { readonly points?: number }): Promise<PlanTimeline>;
}
