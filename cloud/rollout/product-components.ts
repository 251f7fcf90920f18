import type { Tables } from "../store/tables/tables.js";

/** Which components products have packages for, kept in memory: each report of a device asks. */
export class ProductComponents {
  readonly #known = new Map<number, readonly string[]>();

  /** @param productId `product.id` */
  async of(tables: Tables, productId: number): Promise<readonly string[]> {
    const known = this.#known.get(productId);
    if (known !== undefined) return known;
    const components = await tables.packages.componentsOf(productId);
    this.#known.set(productId, components);
    return components;
  }

  /** To be called when a package has changed. */
  clear(): void {
    this.#known.clear();
  }
}
