import type { Generated } from "kysely";
import type { Flag } from "./flag.js";

/* Plans and their tasks. */

export interface PlanTable {
  id: Generated<number>;
  productId: number;
  name: string;
  purpose: "update" | "verification";
  state: string;
  reason: string | null;
  /** JSON: windows, pace, halt, retry … as the fleet rules read it. */
  settings: string;
  /** Whether devices that come later are taken in. */
  dynamic: Flag;
  /** The command that has made the plan, such as `upgrade`. */
  command: string | null;
  /** JSON: the state as the machine of plans has it. `state` and `reason` are parts of it. */
  data: string;
  createdAt: number;
  activatedAt: number | null;
  /** When the tasks of all devices that matched at the activation were made. */
  matchedAt: number | null;
  /** URLs of offers that were made until then answer 403. */
  revokedAt: number | null;
  /**
   * JSON: the events that its tasks are still to be told, each with the last task that was. Its results do not count
   * before all were. `null` if there is nothing to tell.
   */
  telling: string | null;
  endedAt: number | null;
}

export interface PlanTextTable {
  planId: number;
  language: string;
  title: string;
  body: string;
}

export interface PlanDeviceTable {
  planId: number;
  list: "device" | "allow" | "deny";
  deviceName: string;
}

export interface PlanComponentTable {
  planId: number;
  position: number;
  component: string;
  version: string;
  packageId: number | null;
}

export interface TaskTable {
  id: Generated<number>;
  planId: number;
  /** Position of the plan's component. */
  position: number;
  deviceId: number;
  packageId: number;
  component: string;
  state: string;
  reason: string | null;
  attempt: Generated<number>;
  percent: number | null;
  deadlineAt: number | null;
  /**
   * The deadline in steps of five minutes, kept by the class of the table. A deadline moves with each report; by this
   * column its place in the index moves only now and then.
   */
  deadlineSlot: number | null;
  nextTryAt: number | null;
  offeredAt: number | null;
  /** What was offered in this try; `null`: the package's own file. */
  variantId: number | null;
  /** The code by which the device refused a delta or a compressed image: it gets the package's own file since. */
  variantRefusal: string | null;
  /** What people read about the state: a device's message, a plan's id. */
  detail: string | null;
  /** 0 once it has ended. */
  open: Flag;
  /** 1 from the offer to the end. A device has one task in flight for each component. */
  inFlight: Flag;
  createdAt: number;
  updatedAt: number;
}

/** How many tasks of a plan are in each state, kept by the class of the tasks: counting them would take O(tasks). */
export interface TaskCountTable {
  planId: number;
  state: string;
  tasks: number;
}
