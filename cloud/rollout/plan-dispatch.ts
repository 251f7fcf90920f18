import { transition } from "../fleet/plan-machine.js";
import type { PlanEffect, PlanEvent, PlanState, PlanStep } from "../fleet/plan-types.js";
import { resultCountsOf, summaryOf } from "../fleet/summary.js";
import type { TaskStateName } from "../fleet/task-types.js";
import type { Plan } from "../store/schema.js";
import type { Journal } from "./journal.js";
import { planState, type PlanTerms, type PlanTermsCache, stateColumns } from "./plan-records.js";
import { isComplete } from "./plan-completeness.js";
import { tellingColumn, tellingsOf, type ToldEvent, withFurther } from "./telling.js";
import type { Work } from "./work.js";

export interface PlanDispatchOptions {
  readonly journal: Journal;
  readonly terms: PlanTermsCache;
  /** Begins to make the plan's tasks. */
  createTasks(planId: number): void;
  /** Looks for tasks whose turn it is. */
  push(planId: number): void;
  /** Begins to tell the plan's tasks what is stored that they are to be told. */
  tellTasks(planId: number): void;
  /** The URLs of the plan answer 403 now: its downloads must end. */
  onRevoked(planId: number): void;
}

/** Lets events happen to plans: it stores the new state and the records; the other effects run after the commit. */
export class PlanDispatch {
  readonly #options: PlanDispatchOptions;

  constructor(options: PlanDispatchOptions) {
    this.#options = options;
  }

  async dispatch(work: Work, plan: Plan, event: PlanEvent): Promise<PlanStep> {
    const terms = await this.#options.terms.of(work.tables, plan.id);
    const before = planState(plan);
    const { halt } = terms.settings;
    const step = transition(before, event, { halt, dynamic: await this.#isDynamic(work, terms, event) });
    if (step.state !== before) await this.#store(work, plan, step.state);
    for (const effect of step.effects) await this.#run(work, effect, plan.id, terms.settings.productId);
    if (step.answer.kind === "taken") {
      const { productId } = terms.settings;
      work.after(() => this.#options.journal.notify({ kind: "plan", planId: plan.id, productId }));
    }
    return step;
  }

  /** Counts a plan's results, and lets that happen to it. */
  async count(work: Work, planId: number): Promise<void> {
    const plan = await work.tables.plans.byId(planId);
    if (plan === undefined || plan.state === "draft" || plan.matchedAt === null || plan.telling !== null) return;
    const rows = Object.entries(await work.tables.tasks.countsByState(planId));
    const { counts: states } = summaryOf(rows.map(([state, count]) => ({ state: state as TaskStateName, count })));
    const counts = resultCountsOf(states);
    await this.dispatch(work, plan, { type: "results-counted", counts });
  }

  /** A dynamic plan that can take no further device in is none any more. This matters only once no task is open. */
  async #isDynamic(work: Work, terms: PlanTerms, event: PlanEvent): Promise<boolean> {
    if (!terms.settings.dynamic) return false;
    if (event.type !== "results-counted" || event.counts.open > 0) return true;
    return !(await isComplete(work.tables, terms));
  }

  async #store(work: Work, plan: Plan, state: PlanState): Promise<void> {
    const isEnded = state.name === "finished" || state.name === "cancelled";
    await work.tables.plans.update(plan.id, {
      ...stateColumns(state),
      ...(state.name === "active" && plan.activatedAt === null ? { activatedAt: work.nowMs } : {}),
      endedAt: isEnded ? work.nowMs : null,
    });
  }

  async #run(work: Work, effect: PlanEffect, planId: number, productId: string): Promise<void> {
    const { createTasks, push, tellTasks, onRevoked, journal } = this.#options;
    switch (effect.do) {
      case "create-tasks":
        work.after(() => createTasks(planId));
        return;
      case "push":
        work.after(() => push(planId));
        return;
      case "tell-tasks":
        await this.#tell(work, planId, effect.event);
        work.after(() => tellTasks(planId));
        return;
      case "revoke-urls":
        await work.tables.plans.update(planId, { revokedAt: work.nowMs });
        work.after(() => onRevoked(planId));
        return;
      case "count": {
        await this.count(work, planId);
        return;
      }
      case "delete":
        await work.tables.plans.remove(planId);
        return;
      case "record":
        await journal.record(work, `plan-${effect.what}`, { planId, productId }, { text: effect.detail });
        return;
    }
  }

  async #tell({ tables }: Work, planId: number, event: ToldEvent): Promise<void> {
    const plan = await tables.plans.byId(planId);
    if (plan !== undefined) await tables.plans.update(planId, tellingColumn(withFurther(tellingsOf(plan), event)));
  }
}
