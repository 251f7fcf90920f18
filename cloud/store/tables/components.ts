import type { DeviceComponent } from "../schema.js";
import { type Connection, inChunks } from "./chunks.js";
import { compiledOnce } from "./compiled-once.js";
import { VersionCounts } from "./version-counts.js";

/** A report of the version that is known already is noted once in this time: each note is a page on the disk. */
export const SAME_VERSION_STEP_MS = 60_000;

const OF_DEVICE = compiledOnce((database, deviceId: number) =>
  database.selectFrom("deviceComponent").selectAll().where("deviceId", "=", deviceId).orderBy("component"),
);

const ONE = compiledOnce((database, deviceId: number, component: string) =>
  database
    .selectFrom("deviceComponent")
    .select(["version", "reportedAt"])
    .where("deviceId", "=", deviceId)
    .where("component", "=", component),
);

const SET = compiledOnce((database, deviceId: number, component: string, version: string, reportedAt: number) =>
  database
    .insertInto("deviceComponent")
    .values({ deviceId, component, version, reportedAt })
    .onConflict((conflict) =>
      conflict.columns(["deviceId", "component"]).doUpdateSet(({ ref }) => ({
        version: ref("excluded.version"),
        reportedAt: ref("excluded.reportedAt"),
      })),
    ),
);

/** Which version of each component a device has reported. */
export class Components {
  readonly #database: Connection;
  /** How many devices run each version, kept with each change. */
  readonly counts: VersionCounts;

  constructor(database: Connection) {
    this.#database = database;
    this.counts = new VersionCounts(database);
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
    const [known] = await ONE(this.#database, deviceId, component);
    if (known?.version === version && known.reportedAt > at - stepMs) return;
    await SET(this.#database, deviceId, component, version, at);
    if (known?.version === version) return;
    if (known !== undefined) await this.counts.add(deviceId, component, known.version, -1);
    await this.counts.add(deviceId, component, version, 1);
  }

  /** Removes what a device has reported, before the device itself is removed. */
  async removeOfDevice(deviceId: number): Promise<void> {
    for (const { component, version } of await this.of(deviceId)) {
      await this.counts.add(deviceId, component, version, -1);
    }
    await this.#database.deleteFrom("deviceComponent").where("deviceId", "=", deviceId).execute();
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
}
