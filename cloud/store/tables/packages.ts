import type { NewPackage, NewPackageFile, Package, PackageFile, PackagePatch, Plan } from "../schema.js";
import { type Connection, directionOf, PAGE_ROWS, type Page } from "./chunks.js";

export interface PackageFilter {
  readonly component?: string;
  readonly state?: string;
}

export class Packages {
  readonly #database: Connection;

  constructor(database: Connection) {
    this.#database = database;
  }

  async insert(added: NewPackage, files: readonly NewPackageFile[]): Promise<Package> {
    const inserted = await this.#database.insertInto("package").values(added).returningAll().executeTakeFirstOrThrow();
    if (files.length > 0) {
      const rows = files.map((file, position) => ({ ...file, packageId: inserted.id, position }));
      await this.#database.insertInto("packageFile").values(rows).execute();
    }
    return inserted;
  }

  /** @param sourceVersion of a delta; default: the full package */
  find(productId: number, component: string, version: string, sourceVersion = ""): Promise<Package | undefined> {
    return this.#database
      .selectFrom("package")
      .selectAll()
      .where("productId", "=", productId)
      .where("component", "=", component)
      .where("version", "=", version)
      .where("sourceVersion", "=", sourceVersion)
      .executeTakeFirst();
  }

  byId(id: number): Promise<Package | undefined> {
    return this.#database.selectFrom("package").selectAll().where("id", "=", id).executeTakeFirst();
  }

  byIds(ids: readonly number[]): Promise<Package[]> {
    if (ids.length === 0) return Promise.resolve([]);
    return this.#database.selectFrom("package").selectAll().where("id", "in", ids).execute();
  }

  /** @returns all of a version: the full packages and the deltas of each component */
  byVersion(productId: number, version: string): Promise<Package[]> {
    return this.#database
      .selectFrom("package")
      .selectAll()
      .where("productId", "=", productId)
      .where("version", "=", version)
      .orderBy("id")
      .execute();
  }

  /** @param productId `product.id`; default: those of all products. @returns a page, the oldest first by default */
  list(
    productId: number | undefined,
    filter: PackageFilter = {},
    { after, limit = PAGE_ROWS, order = "oldest" }: Page = {},
  ): Promise<Package[]> {
    const { direction, beyond } = directionOf(order);
    let query = this.#database.selectFrom("package").selectAll().orderBy("id", direction).limit(limit);
    if (productId !== undefined) query = query.where("productId", "=", productId);
    if (filter.component !== undefined) query = query.where("component", "=", filter.component);
    if (filter.state !== undefined) query = query.where("state", "=", filter.state);
    if (after !== undefined) query = query.where("id", beyond, after);
    return query.execute();
  }

  /** Adds a file behind those that a package has. */
  async addFile(packageId: number, file: NewPackageFile): Promise<void> {
    const position = (await this.filesOf([packageId])).length;
    await this.#database
      .insertInto("packageFile")
      .values({ ...file, packageId, position })
      .execute();
  }

  filesOf(packageIds: readonly number[]): Promise<PackageFile[]> {
    if (packageIds.length === 0) return Promise.resolve([]);
    return this.#database
      .selectFrom("packageFile")
      .selectAll()
      .where("packageId", "in", packageIds)
      .orderBy("packageId")
      .orderBy("position")
      .execute();
  }

  /** @param path the path in the URL of an offer */
  async byPath(path: string): Promise<{ readonly package: Package; readonly file: PackageFile } | undefined> {
    const file = await this.#database.selectFrom("packageFile").selectAll().where("path", "=", path).executeTakeFirst();
    if (file === undefined) return undefined;
    const found = await this.byId(file.packageId);
    return found === undefined ? undefined : { package: found, file };
  }

  /** @returns a package that has a file with these bytes */
  async idOf(md5: string): Promise<number | undefined> {
    const row = await this.#database
      .selectFrom("packageFile")
      .select("packageId")
      .where("md5", "=", md5)
      .limit(1)
      .executeTakeFirst();
    return row?.packageId;
  }

  async update(id: number, patch: PackagePatch): Promise<void> {
    await this.#database.updateTable("package").set(patch).where("id", "=", id).execute();
  }

  /** @returns the components that a product has packages for */
  async componentsOf(productId: number): Promise<string[]> {
    const rows = await this.#database
      .selectFrom("package")
      .select("component")
      .distinct()
      .where("productId", "=", productId)
      .execute();
    return rows.map(({ component }) => component);
  }

  /** @returns the plans that name it as the package of a component */
  usedBy(id: number): Promise<Plan[]> {
    return this.#database
      .selectFrom("plan")
      .selectAll()
      .where("id", "in", (where) =>
        where.selectFrom("planComponent").select("planComponent.planId").where("packageId", "=", id),
      )
      .orderBy("id")
      .execute();
  }

  /** @returns whether a plan or a task names it */
  async isUsed(id: number): Promise<boolean> {
    for (const table of ["planComponent", "task"] as const) {
      const user = await this.#database
        .selectFrom(table)
        .select("planId")
        .where("packageId", "=", id)
        .limit(1)
        .executeTakeFirst();
      if (user !== undefined) return true;
    }
    return false;
  }

  /** Removes a package that no plan and no task names. @returns whether it was removed */
  async remove(id: number): Promise<boolean> {
    if (await this.isUsed(id)) return false;
    const { numDeletedRows } = await this.#database.deleteFrom("package").where("id", "=", id).executeTakeFirst();
    return numDeletedRows > 0n;
  }
}
