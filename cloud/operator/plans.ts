import { setTimeout } from "node:timers/promises";
import { activationProblems } from "../fleet/activation.js";
import type { ActivationProblem, PlanEvent } from "../fleet/plan-types.js";
import { checkSettings } from "../fleet/settings.js";
import { OWN_FIRMWARE, type PlanSettings } from "../fleet/types.js";
import type { Presence } from "../platform/presence.js";
import type { Reachable } from "../rollout/offers.js";
import { planRows, planTerms, type PlanTerms } from "../rollout/plan-records.js";
import type { Work } from "../rollout/work.js";
import type { NewPlan, Plan } from "../store/schema.js";
import type { Tables } from "../store/tables/tables.js";
import type { Reach } from "../types.js";
import { audit, type OperatorContext, productOf } from "./context.js";
import { nextOf, rowsOf } from "./pages.js";
import { planView, planViews } from "./plan-views.js";
import { matchesOf, previewOf } from "./previews.js";
import { reasonsText } from "./reach.js";
import {
  type Actor,
  type Page,
  type Paged,
  type PlanInput,
  type PlanStateName,
  type PlanView,
  type Preview,
  type PreviewPart,
  Refusal,
} from "./types.js";

const ANSWER_WITHIN_MS = 300;

/** What is said about a plan that cannot be activated. */
const PROBLEMS: { readonly [problem in ActivationProblem]: string } = {
  "nobody-matches": "no device matches",
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
    const rows = await rowsOfPlan(work.tables, settings, { purpose: "update", createdAt: work.nowMs, command });
    const plan = await work.tables.plans.insert(rows.plan, rows.parts);
    await audit(work, actor, "plan-create", String(plan.id), { name: settings.name, ...overrideOf(settings) });
    const { productId } = settings;
    work.after(() => this.#context.rollout.journal.notify({ kind: "plan", planId: plan.id, productId }));
    return plan.id;
  }

  async edit(id: number, input: PlanInput, actor: Actor): Promise<PlanView> {
    const { transactions, rollout } = this.#context;
    const settings = checkedSettings(input);
    await transactions.run(async (work) => {
      const plan = await mustExist(work.tables, id);
      const { answer } = await rollout.plans.dispatch(work, plan, { type: "edit-commanded" });
      if (answer.kind === "refused") {
        throw new Refusal(
          "conflict",
          `plan ${id} is ${plan.state}, and only a draft can be changed: create another plan`,
        );
      }
      const { plan: row, parts } = await rowsOfPlan(work.tables, settings, plan);
      await work.tables.plans.replaceSettings(id, row, parts);
      await audit(work, actor, "plan-edit", String(id), { name: settings.name, ...overrideOf(settings) });
    });
    return this.get(id);
  }

  async list(
    { productId, state }: { readonly productId?: string; readonly state?: PlanStateName },
    page: Page,
  ): Promise<Paged<PlanView>> {
    const { tables } = this.#context.transactions;
    const product = productId === undefined ? undefined : await productOf(tables, productId);
    const rows = rowsOf(page);
    const plans = await tables.plans.list(
      {
        ...(product === undefined ? {} : { productId: product.id }),
        ...(state === undefined ? {} : { states: [state] }),
      },
      rows,
    );
    return { items: await planViews(this.#context, plans), ...nextOf(plans, rows) };
  }

  async get(id: number): Promise<PlanView> {
    const { tables } = this.#context.transactions;
    return planView(this.#context, await mustExist(tables, id));
  }

  async preview(plan: number | PlanInput, part: PreviewPart): Promise<Preview> {
    const terms = typeof plan === "number" ? await this.#termsOf(plan) : await this.#unsavedTerms(plan);
    return previewOf(this.#context.transactions.tables, terms, part);
  }

  async activate(id: number, actor: Actor): Promise<PlanView> {
    await this.begin(id, actor);
    return this.get(id);
  }

  /** Activates a plan. */
  async begin(id: number, actor: Actor): Promise<Reach> {
    const { transactions, presence } = this.#context;
    const { matches, byReason } = await matchesOf(transactions.tables, await this.#termsOf(id));
    await transactions.run(async (work) => {
      // That of now: to match takes long, and this process may have begun to lead meanwhile.
      const { rollout } = this.#context;
      const plan = await mustExist(work.tables, id);
      const terms = await rollout.terms.of(work.tables, id);
      const problems = await problemsOf(work.tables, terms, matches.length);
      const { answer } = await rollout.plans.dispatch(work, plan, { type: "activation-commanded", problems });
      if (answer.kind === "refused") {
        if (answer.because !== "cannot-be-activated") throw refused(answer.because);
        const code = problems.includes("package-not-verified") ? "not-verified" : "conflict";
        const text = problems.map((problem) => textOf(problem, byReason)).join("; ");
        const isWrongChip = problems.includes("nobody-matches") && (byReason["wrong-chip"] ?? 0) > 0;
        throw new Refusal(code, isWrongChip ? `${text}; ${await wrongChips(work.tables, terms)}` : text);
      }
      await audit(work, actor, "plan-activate", String(id), { devices: matches.length, ...overrideOf(terms.settings) });
    });
    await this.#settled();
    return { devices: matches.length, online: onlineOf(matches, presence), byReason };
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
    const { transactions } = this.#context;
    await transactions.run(async (work) => {
      const { plans } = this.#context.rollout;
      const { answer } = await plans.dispatch(work, await mustExist(work.tables, id), event);
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

  async #termsOf(id: number): Promise<PlanTerms> {
    const { tables } = this.#context.transactions;
    await mustExist(tables, id);
    return this.#context.rollout.terms.of(tables, id);
  }

  async #unsavedTerms(input: PlanInput): Promise<PlanTerms> {
    const { tables } = this.#context.transactions;
    const settings = checkedSettings(input);
    const { plan, parts } = await rowsOfPlan(tables, settings, { purpose: "update", createdAt: 0 });
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

/** @returns the rows of a plan with these settings. @throws Refusal if there is no such product */
async function rowsOfPlan(
  tables: Tables,
  settings: PlanSettings,
  plan: Pick<NewPlan, "purpose" | "createdAt"> & { readonly command?: string | null | undefined },
): Promise<ReturnType<typeof planRows>> {
  const { id } = await productOf(tables, settings.productId);
  const { purpose, createdAt, command } = plan;
  const ids = await packageIdsOf(tables, id, settings);
  return planRows(settings, { productId: id, purpose, createdAt, command: command ?? undefined }, ids);
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

function textOf(problem: ActivationProblem, byReason: Reach["byReason"]): string {
  return problem === "nobody-matches" ? `${PROBLEMS[problem]}: ${reasonsText(byReason)}` : PROBLEMS[problem];
}

/** @returns the names of both chips for each package that is for another one than the product has */
async function wrongChips(tables: Tables, { settings, packages }: PlanTerms): Promise<string> {
  const product = await productOf(tables, settings.productId);
  const ids = packages.flatMap(({ packageId }) => (packageId === null ? [] : [packageId]));
  const wrong = (await tables.packages.byIds(ids)).filter(
    ({ component, chip }) =>
      component === OWN_FIRMWARE && chip !== null && product.chip !== null && chip !== product.chip,
  );
  return wrong
    .map(({ version, chip }) => `${version} is for ${chip}, and ${product.productId} has ${product.chip}`)
    .join("; ");
}

function refused(because: string): Refusal {
  return new Refusal("conflict", `the plan is ${because.replace(/-/g, " ")}`);
}

function overrideOf({ override }: PlanSettings): { readonly override?: string } {
  return override === undefined ? {} : { override };
}

/** @returns how many of the devices are known to be online; `null` if nothing is known of any */
function onlineOf(devices: readonly Reachable[], presence: Presence): number | null {
  const known = devices.map((device) => presence.of(device));
  return known.length > 0 && known.every((online) => online === null) ? null : known.filter(Boolean).length;
}
