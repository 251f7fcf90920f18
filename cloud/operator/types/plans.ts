import type { CloudStatus, DeviceName, Reach, UpgradeRequest } from "../../types.js";
import type { Actor, Page, Paged } from "./common.js";
import type { TaskStateName } from "./tasks.js";

/** plan.json of `ota-cloud plan create`. */
export type PlanInput = { readonly [key: string]: unknown };

export type PlanStateName = "draft" | "active" | "paused" | "halted" | "finished" | "cancelled";

export interface PlanView {
  readonly id: number;
  readonly name: string;
  readonly productId: string;
  readonly purpose: "update" | "verification";
  readonly state: PlanStateName;
  /** Why it is in this state; empty if that needs no reason. */
  readonly reason: string;
  readonly counts: { readonly [state in TaskStateName]: number };
  /** The settings with their defaults, as plan.json has them. */
  readonly settings: PlanInput;
  readonly createdAt: number;
  readonly activatedAt?: number;
  readonly endedAt?: number;
  /**
   * If the plan was stopped and its files are in a store: until when URLs of its offers live, which nobody can take
   * back. Absent if they answer 403 already.
   */
  readonly urlsLiveUntil?: number;
}

export interface Preview {
  readonly matches: readonly DeviceName[];
  readonly left: readonly (DeviceName & { readonly reason: string })[];
  /** How many there are in all, whatever part of them is listed. */
  readonly counts: {
    readonly matches: number;
    readonly left: number;
    readonly byReason: { readonly [reason: string]: number };
  };
}

/** Which part of a preview is listed. */
export interface PreviewPart {
  /** Most devices of each list, 0 to 1,000. Default: all. */
  readonly limit?: number;
  /** Of those that are left out, only the ones with this reason. */
  readonly reason?: string;
}

export interface PlanOperations {
  createPlan(plan: PlanInput, actor: Actor): Promise<PlanView>;
  plans(filter: { readonly productId?: string; readonly state?: PlanStateName }, page: Page): Promise<Paged<PlanView>>;
  plan(id: number): Promise<PlanView>;
  /** Puts other settings in the place of a draft's. A plan that was activated never changes. */
  editPlan(id: number, plan: PlanInput, actor: Actor): Promise<PlanView>;
  /** A plan that was not created yet can be previewed too. */
  preview(plan: number | PlanInput, part?: PreviewPart): Promise<Preview>;
  activatePlan(id: number, actor: Actor): Promise<PlanView>;
  pausePlan(id: number, actor: Actor): Promise<PlanView>;
  resumePlan(id: number, actor: Actor): Promise<PlanView>;
  cancelPlan(id: number, actor: Actor): Promise<PlanView>;
  /**
   * Takes open tasks back, and ends running downloads: the plan's URLs answer 403 from this moment. Of files in a store
   * they do not: `urlsLiveUntil` of the answer says until when they live.
   */
  stopPlan(id: number, actor: Actor): Promise<PlanView>;
  /** Tries failed and silent tasks again; `tasks` limits it to these. */
  retryPlan(id: number, request: { readonly tasks?: readonly number[] }, actor: Actor): Promise<PlanView>;
  deletePlan(id: number, actor: Actor): Promise<void>;
}

/** What came before plans, and is kept: upgrades in the three ways of the vendor's console. */
export interface UpgradeOperations {
  /**
   * An upgrade in one of the console's three ways: a plan that is active at once.
   *
   * @returns the plan, and whom it reaches now
   */
  upgrade(request: UpgradeRequest, actor: Actor): Promise<Reach & { readonly planId: number }>;
  /** The state of the whole cloud in the words of the vendor's console: the newest task of each device. */
  status(): Promise<CloudStatus>;
}
