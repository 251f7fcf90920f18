import { setTimeout } from "node:timers/promises";
import { activationProblems } from "../fleet/activation.js";
import type { ActivationProblem, PlanEvent } from "../fleet/plan-types.js";
import { checkSettings } from "../fleet/settings.js";
import type { PlanSettings } from "../fleet/types.js";
import { matchAll } from "../rollout/matching-run.js";
import { readyPlan } from "../rollout/matchers.js";
import type { Reachable } from "../rollout/offers.js";
import { planRows, planTerms, type PlanTerms } from "../rollout/plan-records.js";
import type { Work } from "../rollout/work.js";
import type { Plan } from "../store/schema.js";
import type { Tables } from "../store/tables/tables.js";
import type { DeviceName } from "../types.js";
import { audit, type OperatorContext, productOf } from "./context.js";
import { planView, planViews } from "./plan-views.js";
import {
  type Actor,
  type Page,
  type Paged,
  type PlanInput,
  type PlanStateName,
  type PlanView,
  type Preview,
  Refusal,
} from "./types.js";

const PAGE_LIMIT = 1000;

const ANSWER_WITHIN_MS = 300;

/** What is said about a plan that cannot be activated. */
const PROBLEMS: { readonly [problem in ActivationProblem]: string } = {
  "nobody-matches": "no device matches: see the preview for the reasons",
  "package-missing": "a package of the plan was not uploaded: add it",
  "package-withdrawn": "a package of the plan was withdrawn: choose another",
  "package-not-verified":
    "a package was not verified, and goes to more than one device: verify it first, or give the plan an override with the reason",
  "more-files-than-components": "a package has more files than the plan has components for it",
};

export class PlanRequests {
  readonly #context: OperatorContext;

  constructor(context: OperatorContext) {
    this.#context = context;
  }

  async create(input: PlanInput, actor: Actor): Promise<PlanView> {
    const settings = checkedSettings(input);
    const id = await this.#context.transactions.run((work) => this.insert(work, settings, actor));
    return this.get(id);
  }

  /** @returns the plan's id */
  async insert(work: Work, settings: PlanSettings, actor: Actor, command?: string): Promise<number> {
    const product = await productOf(work.tables, settings.productId);
    const rows = planRows(
      settings,
      { productId: product.id, purpose: "update", createdAt: work.nowMs, command },
      await packageIdsOf(work.tables, product.id, settings),
    );
    const plan = await work.tables.plans.insert(rows.plan, rows.parts);
    await audit(work, actor, "plan-create", String(plan.id), { name: settings.name, ...overrideOf(settings) });
    work.after(() => this.#context.rollout.journal.notify({ kind: "plan", planId: plan.id }));
    return plan.id;
  }

  async list(
    { productId, state }: { readonly productId?: string; readonly state?: PlanStateName },
    { after, limit = 100 }: Page,
  ): Promise<Paged<PlanView>> {
    const { tables } = this.#context.transactions;
    const product = productId === undefined ? undefined : await productOf(tables, productId);
    const most = Math.min(limit, PAGE_LIMIT);
    const plans = await tables.plans.list(
      {
        ...(product === undefined ? {} : { productId: product.id }),
        ...(state === undefined ? {} : { states: [state] }),
      },
      { limit: most, ...(after === undefined ? {} : { after }) },
    );
    const next = plans.length === most ? plans.at(-1)?.id : undefined;
    return { items: await planViews(tables, plans), ...(next === undefined ? {} : { next }) };
  }

  async get(id: number): Promise<PlanView> {
    const { tables } = this.#context.transactions;
    return planView(tables, await mustExist(tables, id));
  }

  async preview(plan: number | PlanInput): Promise<Preview> {
    const { matches, left } = await this.#match(
      typeof plan === "number" ? await this.#termsOf(plan) : await this.#unsavedTerms(plan),
    );
    return { matches: matches.map(({ productId, deviceName }) => ({ productId, deviceName })), left };
  }

  async activate(id: number, actor: Actor): Promise<PlanView> {
    await this.begin(id, actor);
    return this.get(id);
  }

  /** Activates a plan. @returns how many devices it concerns now, and how many of them are online */
  async begin(id: number, actor: Actor): Promise<{ readonly devices: number; readonly online: number }> {
    const { transactions, rollout, isOnline } = this.#context;
    const { matches } = await this.#match(await this.#termsOf(id));
    await transactions.run(async (work) => {
      const plan = await mustExist(work.tables, id);
      const terms = await rollout.terms.of(work.tables, id);
      const problems = await problemsOf(work.tables, terms, matches.length);
      const { answer } = await rollout.plans.dispatch(work, plan, { type: "activation-commanded", problems });
      if (answer.kind === "refused") {
        if (answer.because !== "cannot-be-activated") throw refused(answer.because);
        const code = problems.includes("package-not-verified") ? "not-verified" : "conflict";
        throw new Refusal(code, problems.map((problem) => PROBLEMS[problem]).join("; "));
      }
      await audit(work, actor, "plan-activate", String(id), { devices: matches.length, ...overrideOf(terms.settings) });
    });
    await this.#settled();
    return { devices: matches.length, online: matches.filter((device) => isOnline(device)).length };
  }

  pause(id: number, actor: Actor): Promise<PlanView> {
    return this.#command(id, actor, "plan-pause", { type: "pause-commanded" });
  }

  resume(id: number, actor: Actor): Promise<PlanView> {
    return this.#command(id, actor, "plan-resume", { type: "resume-commanded" });
  }

  cancel(id: number, actor: Actor): Promise<PlanView> {
    return this.#command(id, actor, "plan-cancel", { type: "cancel-commanded", reason: actor.name });
  }

  stop(id: number, actor: Actor): Promise<PlanView> {
    return this.#command(id, actor, "plan-stop", { type: "stop-commanded", reason: actor.name });
  }

  retry(id: number, actor: Actor): Promise<PlanView> {
    return this.#command(id, actor, "plan-retry", { type: "retry-commanded" });
  }

  async remove(id: number, actor: Actor): Promise<void> {
    const { transactions, rollout } = this.#context;
    await transactions.run(async (work) => {
      const { answer } = await rollout.plans.dispatch(work, await mustExist(work.tables, id), {
        type: "deletion-commanded",
      });
      if (answer.kind === "refused")
        throw new Refusal("conflict", "only a draft can be deleted: cancel the plan instead");
      await audit(work, actor, "plan-delete", String(id));
    });
  }

  async #command(id: number, actor: Actor, action: string, event: PlanEvent): Promise<PlanView> {
    const { transactions, rollout } = this.#context;
    await transactions.run(async (work) => {
      const { answer } = await rollout.plans.dispatch(work, await mustExist(work.tables, id), event);
      if (answer.kind === "refused") throw refused(answer.because);
      await audit(work, actor, action, String(id));
    });
    await this.#settled();
    return this.get(id);
  }

  /** A small plan has its tasks before the answer; the answer about a large one does not wait for them. */
  async #settled(): Promise<void> {
    await Promise.race([this.#context.rollout.idle(), setTimeout(ANSWER_WITHIN_MS, undefined, { ref: false })]);
  }

  async #match(terms: PlanTerms): Promise<{
    readonly matches: readonly Reachable[];
    readonly left: readonly (DeviceName & { readonly reason: string })[];
  }> {
    const { tables } = this.#context.transactions;
    const matches: Reachable[] = [];
    const left: (DeviceName & { readonly reason: string })[] = [];
    const unseen = new Set(terms.settings.selection.deviceNames);
    for await (const piece of matchAll(tables, terms, await readyPlan(tables, terms))) {
      for (const { device, facts, wanted, reason } of piece) {
        const { productId, deviceName } = facts;
        unseen.delete(deviceName);
        if (wanted.length > 0) matches.push({ productId, deviceName, gatewayId: device.gatewayId });
        else left.push({ productId, deviceName, reason: reason ?? "" });
      }
    }
    for (const deviceName of unseen) {
      left.push({ productId: terms.settings.productId, deviceName, reason: "no-such-device" });
    }
    return { matches, left };
  }

  async #termsOf(id: number): Promise<PlanTerms> {
    const { tables } = this.#context.transactions;
    await mustExist(tables, id);
    return this.#context.rollout.terms.of(tables, id);
  }

  async #unsavedTerms(input: PlanInput): Promise<PlanTerms> {
    const { tables } = this.#context.transactions;
    const settings = checkedSettings(input);
    const product = await productOf(tables, settings.productId);
    const ids = await packageIdsOf(tables, product.id, settings);
    const { plan, parts } = planRows(settings, { productId: product.id, purpose: "update", createdAt: 0 }, ids);
    return planTerms({ plan: { ...plan, id: 0 } as Plan, ...parts });
  }
}

/** @throws Refusal if there is no such plan */
export async function mustExist(tables: Tables, id: number): Promise<Plan> {
  const plan = await tables.plans.byId(id);
  if (plan === undefined) throw new Refusal("not-found", `there is no plan ${id}`);
  return plan;
}

/** @throws Refusal that names each wrong field */
function checkedSettings(input: PlanInput): PlanSettings {
  const checked = checkSettings(input);
  if ("ok" in checked) return checked.ok;
  const errors = checked.errors.map(({ field, message }) => ({ field, message }));
  const text = errors.map(({ field, message }) => (field === "" ? message : `${field}: ${message}`)).join("; ");
  throw new Refusal("invalid", text, errors);
}

/** A full package goes before a delta, which fits only one version. */
async function packageIdsOf(tables: Tables, productId: number, { packages }: PlanSettings): Promise<(number | null)[]> {
  const ids: (number | null)[] = [];
  for (const { component, version } of packages) {
    const found = (await tables.packages.byVersion(productId, version)).filter((one) => one.component === component);
    ids.push((found.find(({ form }) => form === "full") ?? found[0])?.id ?? null);
  }
  return ids;
}

async function problemsOf(tables: Tables, terms: PlanTerms, matching: number): Promise<ActivationProblem[]> {
  const ids = terms.packages.flatMap(({ packageId }) => (packageId === null ? [] : [packageId]));
  const found = new Map((await tables.packages.byIds(ids)).map((one) => [one.id, one]));
  const files = await tables.packages.filesOf(ids);
  return activationProblems({
    packages: terms.packages.map(({ packageId }) => ({
      state: (packageId === null ? undefined : found.get(packageId)?.state) as never,
      files: files.filter((file) => file.packageId === packageId).length,
      components: terms.packages.filter((other) => other.packageId === packageId).length,
    })),
    matching,
    dynamic: terms.settings.dynamic,
    override: terms.settings.override,
  });
}

function refused(because: string): Refusal {
  return new Refusal("conflict", `the plan is ${because.replace(/-/g, " ")}`);
}

function overrideOf({ override }: PlanSettings): { readonly override?: string } {
  return override === undefined ? {} : { override };
}
