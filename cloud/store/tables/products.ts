import type { NewProduct, Product, ProductPatch } from "../schema.js";
import type { Connection } from "./chunks.js";

export class Products {
  readonly #database: Connection;

  constructor(database: Connection) {
    this.#database = database;
  }

  /** @param productId the product's id on the wire */
  find(productId: string): Promise<Product | undefined> {
    return this.#database.selectFrom("product").selectAll().where("productId", "=", productId).executeTakeFirst();
  }

  byId(id: number): Promise<Product | undefined> {
    return this.#database.selectFrom("product").selectAll().where("id", "=", id).executeTakeFirst();
  }

  list(): Promise<Product[]> {
    return this.#database.selectFrom("product").selectAll().orderBy("id").execute();
  }

  insert(product: NewProduct): Promise<Product> {
    return this.#database.insertInto("product").values(product).returningAll().executeTakeFirstOrThrow();
  }

  /** Adds a product if there is none with its id. @returns the one that is there now */
  async ensure(product: NewProduct): Promise<Product> {
    const known = await this.find(product.productId);
    return known ?? this.insert(product);
  }

  async update(id: number, patch: ProductPatch): Promise<void> {
    await this.#database.updateTable("product").set(patch).where("id", "=", id).execute();
  }

  /** Removes a product that has no devices, packages or plans. @returns whether it was removed */
  async remove(id: number): Promise<boolean> {
    for (const table of ["device", "package", "plan"] as const) {
      const user = await this.#database.selectFrom(table).select("id").where("productId", "=", id).limit(1).execute();
      if (user.length > 0) return false;
    }
    const { numDeletedRows } = await this.#database.deleteFrom("product").where("id", "=", id).executeTakeFirst();
    return numDeletedRows > 0n;
  }
}
