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
    const queued = { state: "queued", reason: null, percent: 0, interruptions: 0 } as const;
    await this.#database
      .insertInto("packageVariant")
      .values({ ...variant, ...queued, size: null, md5: null, sha256: null, path: null })
      .onConflict((conflict) =>
        conflict
          .columns(["packageId", "sourceVersion"])
          // As the index has it: one that is being removed may be made anew beside it.
          .where(sql<boolean>`state <> 'removing'`)
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

  /** @returns those that a process was making when it ended, as long as none is being made */
  making(): Promise<PackageVariant[]> {
    return this.#database.selectFrom("packageVariant").selectAll().where("state", "=", "making").execute();
  }

  /** @returns those that are offered, or were, from a file of their own; a page, the oldest first */
  withFiles({ after = 0, limit }: { readonly after?: number; readonly limit: number }): Promise<PackageVariant[]> {
    return this.#database
      .selectFrom("packageVariant")
      .selectAll()
      .where("state", "in", ["ready", "removing"])
      .where("path", "is not", null)
      .where("id", ">", after)
      .orderBy("id")
      .limit(limit)
      .execute();
  }

  /** @returns those that go once no offer names them */
  removing(): Promise<PackageVariant[]> {
    return this.#database
      .selectFrom("packageVariant")
      .selectAll()
      .where(sql<boolean>`state = 'removing'`)
      .orderBy("id")
      .execute();
  }

  /** @returns the deltas whose base is the file of this package */
  ofBase(packageId: number): Promise<PackageVariant[]> {
    return this.#database.selectFrom("packageVariant").selectAll().where("basePackageId", "=", packageId).execute();
  }

  /** @returns whether a task that has not ended was offered it in its try */
  async isOffered(id: number): Promise<boolean> {
    const task = await this.#database
      .selectFrom("task")
      .select("id")
      .where("variantId", "=", id)
      .where("open", "=", 1)
      .limit(1)
      .executeTakeFirst();
    return task !== undefined;
  }

  /** @returns whether it was offered in the last try of more than so many tasks */
  async wasOfferedTo(id: number, { moreThan }: { readonly moreThan: number }): Promise<boolean> {
    const task = await this.#database
      .selectFrom("task")
      .select("id")
      .where("variantId", "=", id)
      .limit(1)
      .offset(moreThan)
      .executeTakeFirst();
    return task !== undefined;
  }

  /** Lets tasks forget that they were offered it. @returns how many have, at most so many */
  async forget(id: number, most: number): Promise<number> {
    const { numUpdatedRows } = await this.#database
      .updateTable("task")
      .set({ variantId: null })
      .where("id", "in", (tasks) => tasks.selectFrom("task").select("task.id").where("variantId", "=", id).limit(most))
      .executeTakeFirst();
    return Number(numUpdatedRows);
  }

  /** @returns whether one has a file with these bytes, or is about to */
  async names(md5: string): Promise<boolean> {
    const found = await this.#database
      .selectFrom("packageVariant")
      .select("id")
      .where("md5", "=", md5)
      .limit(1)
      .executeTakeFirst();
    return found !== undefined;
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
