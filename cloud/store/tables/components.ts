import type { DeviceComponent } from "../schema.js";
import { type Connection, inChunks } from "./chunks.js";
import { compiledOnce } from "./compiled-once.js";

/** A report of the version that is known already is noted once in this time: each note is a page on the disk. */
export const SAME_VERSION_STEP_MS = 60_000;

const OF_DEVICE = compiledOnce((database, deviceId: number) =>
  database.selectFrom("deviceComponent").selectAll().where("deviceId", "=", deviceId).orderBy("component"),
);

/** Which version of each component a device has reported. */
export class Components {
  readonly #database: Connection;

  constructor(database: Connection) {
    this.#database = database;
  }

  /**
   * Notes a reported version.
   *
   * @param stepMs the same version, reported again within this time, is not noted again
   */
  async set(
    deviceId: number,
    component: string,
    version: string,
    at: number,
    stepMs = SAME_VERSION_STEP_MS,
  ): Promise<void> {
    await this.#database
      .insertInto("deviceComponent")
      .values({ deviceId, component, version, reportedAt: at })
      .onConflict((conflict) =>
        conflict
          .columns(["deviceId", "component"])
          .doUpdateSet({ version, reportedAt: at })
          .where((where) =>
            where.or([
              where("deviceComponent.version", "<>", version),
              where("deviceComponent.reportedAt", "<=", at - stepMs),
            ]),
          ),
      )
      .execute();
  }

  of(deviceId: number): Promise<DeviceComponent[]> {
    return OF_DEVICE(this.#database, deviceId);
  }

  ofMany(deviceIds: readonly number[]): Promise<DeviceComponent[]> {
    return inChunks(deviceIds, (some) =>
      this.#database
        .selectFrom("deviceComponent")
        .selectAll()
        .where("deviceId", "in", some)
        .orderBy("deviceId")
        .orderBy("component")
        .execute(),
    );
  }

  /** @returns how many devices of a product run each version of a component */
  async versionsOf(productId: number, component: string): Promise<{ version: string; devices: number }[]> {
    const rows = await this.#database
      .selectFrom("deviceComponent")
      .innerJoin("device", "device.id", "deviceComponent.deviceId")
      .select(({ fn }) => ["deviceComponent.version", fn.countAll().as("devices")])
      .where("device.productId", "=", productId)
      .where("deviceComponent.component", "=", component)
      .groupBy("deviceComponent.version")
      .orderBy("deviceComponent.version")
      .execute();
    return rows.map(({ version, devices }) => ({ version, devices: Number(devices) }));
  }
}
