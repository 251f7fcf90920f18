import type { Tables } from "../store/tables/tables.js";

/** Which plans are active, kept in memory: each report of a device asks. */
export class ActivePlans {
  #dynamic = new Map<number, number[]>();
  #ids: readonly number[] = [];

  /** To be called when a plan has changed. */
  async load(tables: Tables): Promise<void> {
    const plans = await tables.plans.listActive();
    const dynamic = new Map<number, number[]>();
    for (const { id, productId, dynamic: isDynamic } of plans) {
      if (isDynamic === 1) dynamic.set(productId, [...(dynamic.get(productId) ?? []), id]);
    }
    this.#dynamic = dynamic;
    this.#ids = plans.map(({ id }) => id);
  }

  /** @returns the active plans, the one that was activated first at the beginning */
  get ids(): readonly number[] {
    return this.#ids;
  }

  /**
   * @param productId `product.id`
   * @returns the active plans of a product that take devices in which come later
   */
  dynamicOf(productId: number): readonly number[] {
    return this.#dynamic.get(productId) ?? [];
  }
}
