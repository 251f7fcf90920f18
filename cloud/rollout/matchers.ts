import { type Matcher, matcherOf } from "../fleet/matching.js";
import type { Product } from "../store/schema.js";
import type { Tables } from "../store/tables/tables.js";
import { fleetPackage } from "./fleet-facts.js";
import type { PlanTerms } from "./plan-records.js";

/** A plan that is ready to be matched, with its product. */
export interface ReadyPlan {
  readonly product: Product;
  readonly matcher: Matcher;
}

/** @throws Error if the plan's product is gone */
export async function readyPlan(tables: Tables, { productId, settings, packages }: PlanTerms): Promise<ReadyPlan> {
  const product = await tables.products.byId(productId);
  if (product === undefined) throw new Error(`there is no product ${productId}`);
  const ids = packages.flatMap(({ packageId }) => (packageId === null ? [] : [packageId]));
  const found = await tables.packages.byIds(ids);
  const usable = found.filter(({ state }) => state !== "withdrawn").map((one) => fleetPackage(product, one));
  return { product, matcher: matcherOf(settings, usable) };
}

/** Keeps plans ready that are matched again and again. */
export class Matchers {
  readonly #ready = new Map<number, ReadyPlan>();

  async of(tables: Tables, terms: PlanTerms): Promise<ReadyPlan> {
    const known = this.#ready.get(terms.id);
    if (known !== undefined) return known;
    const ready = await readyPlan(tables, terms);
    this.#ready.set(terms.id, ready);
    return ready;
  }

  /** To be called when a package, a product or a plan has changed. */
  clear(): void {
    this.#ready.clear();
  }
}
