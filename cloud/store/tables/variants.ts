import { sql } from "kysely";
import type { NewPackageVariant, PackageVariant, PackageVariantPatch } from "../schema.js";
import type { Connection } from "./chunks.js";

/** The deltas and compressed images that the cloud makes of packages. */
export class Variants {
  readonly #database: Connection;

  constructor(database: Connection) {
    this.#database = database;
  }

  /** Lets one be made. One that has failed is made anew; one that is there, or is under way, stays. */
  async queue(variant: NewPackageVariant): Promise<void> {
    const queued = { state: "queued", reason: null, percent: 0 } as const;
    await this.#database
      .insertInto("packageVariant")
      .values({ ...variant, ...queued, size: null, md5: null, sha256: null, path: null })
      .onConflict((conflict) =>
        conflict
          .columns(["packageId", "sourceVersion"])
          .doUpdateSet({ ...queued, basePackageId: variant.basePackageId })
          .where("packageVariant.state", "=", "failed"),
      )
      .execute();
  }

  byId(id: number): Promise<PackageVariant | undefined> {
    return this.#database.selectFrom("packageVariant").selectAll().where("id", "=", id).executeTakeFirst();
  }

  /** @param path the path in the URL of an offer */
  byPath(path: string): Promise<PackageVariant | undefined> {
    return this.#database.selectFrom("packageVariant").selectAll().where("path", "=", path).executeTakeFirst();
  }

  /** @returns those of these packages, in the order in which they were asked for */
  ofPackages(packageIds: readonly number[]): Promise<PackageVariant[]> {
    if (packageIds.length === 0) return Promise.resolve([]);
    return this.#database
      .selectFrom("packageVariant")
      .selectAll()
      .where("packageId", "in", packageIds)
      .orderBy("packageId")
      .orderBy("id")
      .execute();
  }

  byIds(ids: readonly number[]): Promise<PackageVariant[]> {
    if (ids.length === 0) return Promise.resolve([]);
    return this.#database.selectFrom("packageVariant").selectAll().where("id", "in", ids).execute();
  }

  /** @returns those that are to be made, or were being made by a process that ended; the oldest first */
  toMake(): Promise<PackageVariant[]> {
    // The index has only these states, and a parameter would not say so.
    return this.#database
      .selectFrom("packageVariant")
      .selectAll()
      .where(sql<boolean>`state in ('queued', 'making')`)
      .orderBy("id")
      .execute();
  }

  /** @returns whether it is there still */
  async update(id: number, patch: PackageVariantPatch): Promise<boolean> {
    const { numUpdatedRows } = await this.#database
      .updateTable("packageVariant")
      .set(patch)
      .where("id", "=", id)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  async remove(id: number): Promise<void> {
    await this.#database.deleteFrom("packageVariant").where("id", "=", id).execute();
  }
}
