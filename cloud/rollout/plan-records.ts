import type { PlanState } from "../fleet/plan-types.js";
import { DEFAULTS, type PlanSelection, type PlanSettings, type PlanText } from "../fleet/types.js";
import type { NewPlan, Plan } from "../store/schema.js";
import type { PlanParts, WholePlan } from "../store/tables/plans.js";
import type { Tables } from "../store/tables/tables.js";

/** A component of a plan, in its order. */
export interface PlannedPackage {
  readonly position: number;
  readonly component: string;
  readonly version: string;
  /** `null` until the package was uploaded. */
  readonly packageId: number | null;
}

/** What a plan says; it never changes once the plan is active. */
export interface PlanTerms {
  readonly id: number;
  /** `product.id` */
  readonly productId: number;
  readonly purpose: "update" | "verification";
  readonly settings: PlanSettings;
  readonly packages: readonly PlannedPackage[];
}

/** The lists, texts and packages of the settings are in tables of their own. */
type Kept = Omit<PlanSettings, "selection" | "texts" | "packages"> & {
  readonly selection: Pick<PlanSelection, "fromVersions"> & { readonly lists: readonly string[] };
};

/** @returns the rows that hold a plan */
export function planRows(
  settings: PlanSettings,
  plan: Pick<NewPlan, "productId" | "purpose" | "createdAt"> & { readonly command?: string | undefined },
  packageIds: readonly (number | null)[],
): { readonly plan: NewPlan; readonly parts: PlanParts } {
  const { selection, texts, packages, ...rest } = settings;
  const { fromVersions, deviceNames, allow, deny } = selection;
  const lists = { device: deviceNames, allow, deny };
  const kept: Kept = {
    ...rest,
    selection: {
      ...(fromVersions === undefined ? {} : { fromVersions }),
      // An empty list selects nobody, and no list selects everybody: the rows alone cannot tell them apart.
      lists: Object.entries(lists).flatMap(([list, names]) => (names === undefined ? [] : [list])),
    },
  };
  const named = (list: "device" | "allow" | "deny"): PlanParts["devices"] =>
    (lists[list] ?? []).map((deviceName) => ({ list, deviceName }));
  return {
    plan: {
      productId: plan.productId,
      name: settings.name,
      purpose: plan.purpose,
      ...stateColumns({ name: "draft" }),
      settings: JSON.stringify(kept),
      dynamic: settings.dynamic ? 1 : 0,
      command: plan.command ?? null,
      createdAt: plan.createdAt,
    },
    parts: {
      texts: Object.entries(texts).map(([language, text]) => ({ language, ...text })),
      devices: [...named("device"), ...named("allow"), ...named("deny")],
      components: packages.map(({ component, version }, position) => ({
        position,
        component,
        version,
        packageId: packageIds[position] ?? null,
      })),
    },
  };
}

/** @returns what `planRows` was given */
export function planTerms({ plan, texts, devices, components }: WholePlan): PlanTerms {
  const { selection, ...rest } = JSON.parse(plan.settings) as Kept;
  const names = (list: "device" | "allow" | "deny"): readonly string[] | undefined =>
    selection.lists.includes(list)
      ? devices.filter((entry) => entry.list === list).map(({ deviceName }) => deviceName)
      : undefined;
  return {
    id: plan.id,
    productId: plan.productId,
    purpose: plan.purpose,
    settings: {
      ...rest,
      // A plan of an earlier version of this program has no `maxAsked`.
      pace: { ...rest.pace, maxAsked: rest.pace.maxAsked ?? Math.max(DEFAULTS.pace.maxAsked, rest.pace.maxInFlight) },
      selection: {
        fromVersions: selection.fromVersions,
        deviceNames: names("device"),
        allow: names("allow"),
        deny: names("deny") ?? [],
      },
      texts: Object.fromEntries(
        texts.map(({ language, title, body }): [string, PlanText] => [language, { title, body }]),
      ),
      packages: components.map(({ component, version }) => ({ component, version })),
    },
    packages: components,
  };
}

/** @returns the columns that hold a plan's state */
export function stateColumns(state: PlanState): {
  readonly state: string;
  readonly reason: string | null;
  readonly data: string;
} {
  const { name } = state;
  const reason = name === "halted" || name === "cancelled" ? state.reason : null;
  return { state: name, reason, data: JSON.stringify(state) };
}

/** @returns the state that `stateColumns` was given */
export function planState({ data }: Pick<Plan, "data">): PlanState {
  return JSON.parse(data) as PlanState;
}

/** Most plans whose terms are kept in memory. */
const KEPT_PLANS = 200;

/** Reads the terms of plans, and keeps those that were used last. */
export class PlanTermsCache {
  readonly #kept = new Map<number, PlanTerms>();

  /** @throws Error if there is no such plan */
  async of(tables: Tables, planId: number): Promise<PlanTerms> {
    const known = this.#kept.get(planId);
    if (known !== undefined) {
      this.#keep(known);
      return known;
    }
    const whole = await tables.plans.whole(planId);
    if (whole === undefined) throw new Error(`there is no plan ${planId}`);
    const terms = planTerms(whole);
    // A draft may still be changed.
    if (whole.plan.state !== "draft") this.#keep(terms);
    return terms;
  }

  #keep(terms: PlanTerms): void {
    this.#kept.delete(terms.id);
    this.#kept.set(terms.id, terms);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_PLANS && oldest !== undefined) this.#kept.delete(oldest);
  }
}
