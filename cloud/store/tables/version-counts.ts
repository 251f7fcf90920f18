import { sql } from "kysely";
import type { VersionCount } from "../schema.js";
import type { Connection } from "./chunks.js";
import { compiledOnce } from "./compiled-once.js";

const ADD = compiledOnce((database, component: string, version: string, devices: number, deviceId: number) =>
  database
    .insertInto("versionCount")
    .columns(["productId", "component", "version", "devices"])
    .expression((from) =>
      from
        .selectFrom("device")
        .select([
          "device.productId",
          sql<string>`cast(${component} as text)`.as("component"),
          sql<string>`cast(${version} as text)`.as("version"),
          sql<number>`cast(${devices} as bigint)`.as("devices"),
        ])
        .where("device.id", "=", deviceId),
    )
    .onConflict((conflict) =>
      conflict
        .columns(["productId", "component", "version"])
        .doUpdateSet({ devices: sql`version_count.devices + excluded.devices` }),
    ),
);

/** How many devices run each version. Who changes a device's version counts it here, in the same transaction. */
export class VersionCounts {
  readonly #database: Connection;

  constructor(database: Connection) {
    this.#database = database;
  }

  /** @param devices what this device adds: 1, or -1 if it runs the version no more */
  async add(deviceId: number, component: string, version: string, devices: 1 | -1): Promise<void> {
    await ADD(this.#database, component, version, devices, deviceId);
  }

  /**
   * @param productId `product.id`; absent: of all products
   * @returns also the versions that no device runs any more, until they are forgotten
   */
  all(productId?: number): Promise<VersionCount[]> {
    let query = this.#database
      .selectFrom("versionCount")
      .selectAll()
      .orderBy("productId")
      .orderBy("component")
      .orderBy("version");
    if (productId !== undefined) query = query.where("productId", "=", productId);
    return query.execute();
  }

  /**
   * @param productId `product.id`; absent: of all products
   * @returns of each component the version on the most devices first
   */
  async frequent(
    productId: number | undefined,
    limit: number,
  ): Promise<{ component: string; version: string; devices: number }[]> {
    let query = this.#database
      .selectFrom("versionCount")
      .select(({ fn }) => ["component", "version", fn.sum("devices").as("devices")])
      .where("devices", ">", 0)
      .groupBy(["component", "version"])
      .orderBy("component")
      .orderBy("devices", "desc")
      .orderBy("version")
      .limit(limit);
    if (productId !== undefined) query = query.where("productId", "=", productId);
    return (await query.execute()).map((row) => ({ ...row, devices: Number(row.devices) }));
  }

  of(productId: number, component: string): Promise<{ version: string; devices: number }[]> {
    return this.#database
      .selectFrom("versionCount")
      .select(["version", "devices"])
      .where("productId", "=", productId)
      .where("component", "=", component)
      .where("devices", ">", 0)
      .orderBy("version")
      .execute();
  }

  /** Removes the rows of versions that no device runs any more: devices can make up any number of them. */
  async forget(): Promise<void> {
    await this.#database.deleteFrom("versionCount").where("devices", "<=", 0).execute();
  }
}
