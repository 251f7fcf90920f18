import { DEFAULTS, type PlanSettings } from "../fleet/types.js";
import type { Package, Task } from "../store/schema.js";
import type { Journal } from "./journal.js";
import type { PackageDispatch } from "./package-dispatch.js";
import type { PlanDispatch } from "./plan-dispatch.js";
import { planRows, type PlanTerms } from "./plan-records.js";
import type { Transactions, Work } from "./work.js";

export interface VerificationOptions {
  readonly transactions: Transactions;
  readonly journal: Journal;
  readonly plans: PlanDispatch;
}

/** The test of a package on one device: a plan with one task, whose end is the verdict. */
export class Verification {
  readonly #options: VerificationOptions;

  constructor(options: VerificationOptions) {
    this.#options = options;
  }

  async start(work: Work, found: Package, deviceName: string): Promise<void> {
    const product = await work.tables.products.byId(found.productId);
    const settings: PlanSettings = {
      ...DEFAULTS,
      name: `verification of ${found.component} ${found.version}`,
      productId: product?.productId ?? "",
      packages: [{ component: found.component, version: found.version }],
      selection: { deviceNames: [deviceName], deny: [] },
      pace: { maxInFlight: 1, maxAsked: 1, perMinute: 60, stages: [100] },
      // One try is one verdict.
      retry: [],
      conflict: "replace",
    };
    const rows = planRows(
      settings,
      { productId: found.productId, purpose: "verification", createdAt: work.nowMs, command: "verify" },
      [found.id],
    );
    const plan = await work.tables.plans.insert(rows.plan, rows.parts);
    await this.#options.plans.dispatch(work, plan, { type: "activation-commanded", problems: [] });
  }

  async cancel(work: Work, found: Package): Promise<void> {
    for (const plan of await work.tables.packages.usedBy(found.id)) {
      if (plan.purpose !== "verification" || plan.state === "finished" || plan.state === "cancelled") continue;
      await this.#options.plans.dispatch(work, plan, { type: "cancel-commanded", reason: "package" });
    }
  }

  /** The device gets no task: it was removed, or changed, since the verification was asked for. */
  async nobody(work: Work, { packages: [planned] }: PlanTerms, packages: PackageDispatch): Promise<void> {
    const found = await work.tables.packages.byId(planned?.packageId ?? 0);
    if (found !== undefined)
      await packages.dispatch(work, found, { type: "task-failed", reason: "no-match", detail: "" });
  }

  /** The task of a verification has ended, or has ended otherwise than before. */
  async ended(work: Work, task: Task, packages: PackageDispatch): Promise<void> {
    const found = await work.tables.packages.byId(task.packageId);
    if (found === undefined || task.open === 1) return;
    const { state, reason, detail } = task;
    if (state === "succeeded") await packages.dispatch(work, found, { type: "task-succeeded" });
    else {
      await packages.dispatch(work, found, {
        type: "task-failed",
        reason: state === "failed" ? (reason ?? state) : state,
        detail: detail ?? "",
      });
    }
  }
}
