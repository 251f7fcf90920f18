import type { PackageState } from "./packages.js";
import type { PlanView } from "./plans.js";

/** Something that an operator should look at. */
export interface Attention {
  readonly kind: "plan-halted" | "plan-paused" | "plan-silent" | "plan-refused" | "plan-variant-refused" | "problem";
  /** Absent with a problem of the cloud. */
  readonly planId?: number;
  /** How many tasks are silent, or of how many the device refused the image by its seal; or a delta. */
  readonly count?: number;
  /** Why the plan halted; or the code of the problem. */
  readonly code?: string;
  readonly message?: string;
}

export interface Overview {
  readonly at: number;
  readonly devices: number;
  /** `null`: it is not known, because another broker does not say it. */
  readonly online: number | null;
  /** Of each component the version on the most devices first; at most 200. */
  readonly versions: readonly { readonly component: string; readonly version: string; readonly devices: number }[];
  readonly packages: { readonly [state in PackageState]: number };
  /** Those that are active, paused or halted, the newest first; at most 50. Their settings name no devices. */
  readonly plans: readonly PlanView[];
  /** Of the plans that run, and of those that ended in the last 30 days; the most frequent first, at most 200. */
  readonly failures: readonly {
    readonly planId: number;
    readonly state: "failed" | "declined" | "silent";
    /** The result code; why a device declined the image by its seal; or what a silent device was to do last. */
    readonly reason: string;
    readonly tasks: number;
  }[];
  /** The most urgent first. */
  readonly attention: readonly Attention[];
}

export interface OverviewOperations {
  /** What the cloud looks like now. Its cost does not grow with devices and tasks. */
  overview(filter: { readonly productId?: string }): Promise<Overview>;
}
