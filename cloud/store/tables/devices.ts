import { type SelectQueryBuilder, sql } from "kysely";
import type { Device, DevicePatch, NewDevice, Schema } from "../schema.js";
import { type Connection, directionOf, inChunks, PAGE_ROWS, type Page, patternOf } from "./chunks.js";
import { compiledOnce } from "./compiled-once.js";
import { Components } from "./components.js";
import { Tasks } from "./tasks.js";

export interface DeviceFilter {
  /** `product.id` */
  readonly productId?: number;
  /** Occurs in the name or in the note; capital letters or not is the same, at least in ASCII. */
  readonly text?: string;
  /** Devices that have reported this component and, if it is given, this version of it. */
  readonly component?: string;
  readonly version?: string;
  readonly gatewayId?: number;
  /** Devices with an open task in this state. */
  readonly taskState?: string;
  readonly selfRegistered?: 0 | 1;
}

const FIND_ON_WIRE = compiledOnce((database, productId: string, deviceName: string) =>
  database
    .selectFrom("device")
    .innerJoin("product", "product.id", "device.productId")
    .selectAll("device")
    .where("product.productId", "=", productId)
    .where("deviceName", "=", deviceName),
);

export class Devices {
  readonly #database: Connection;

  constructor(database: Connection) {
    this.#database = database;
  }

  /** @param productId `product.id` */
  find(productId: number, deviceName: string): Promise<Device | undefined> {
    return this.#database
      .selectFrom("device")
      .selectAll()
      .where("productId", "=", productId)
      .where("deviceName", "=", deviceName)
      .executeTakeFirst();
  }

  /** @param productId the product's id on the wire */
  async findOnWire(productId: string, deviceName: string): Promise<Device | undefined> {
    return (await FIND_ON_WIRE(this.#database, productId, deviceName))[0];
  }

  /** @returns those of the names that are known, in no order */
  findMany(productId: number, deviceNames: readonly string[]): Promise<Device[]> {
    return inChunks([...new Set(deviceNames)], (names) =>
      this.#database
        .selectFrom("device")
        .selectAll()
        .where("productId", "=", productId)
        .where("deviceName", "in", names)
        .execute(),
    );
  }

  byId(id: number): Promise<Device | undefined> {
    return this.#database.selectFrom("device").selectAll().where("id", "=", id).executeTakeFirst();
  }

  /** @returns those that there are, in no order */
  byIds(ids: readonly number[]): Promise<Device[]> {
    return inChunks(ids, (some) => this.#database.selectFrom("device").selectAll().where("id", "in", some).execute());
  }

  /** @returns the ids of the devices of this name, one of each product that has one */
  async idsNamed(deviceName: string): Promise<number[]> {
    const rows = await this.#database.selectFrom("device").select("id").where("deviceName", "=", deviceName).execute();
    return rows.map(({ id }) => id);
  }

  insert(device: NewDevice): Promise<Device> {
    return this.#database.insertInto("device").values(device).returningAll().executeTakeFirstOrThrow();
  }

  /** Leaves out those whose name is taken. @returns those that were added */
  insertMany(devices: readonly NewDevice[]): Promise<{ id: number; deviceName: string }[]> {
    return inChunks(devices, (some) =>
      this.#database
        .insertInto("device")
        .values([...some])
        .onConflict((conflict) => conflict.columns(["productId", "deviceName"]).doNothing())
        .returning(["id", "deviceName"])
        .execute(),
    );
  }

  async update(id: number, patch: DevicePatch): Promise<void> {
    await this.#database.updateTable("device").set(patch).where("id", "=", id).execute();
  }

  /** Removes a device with its components, tasks and events. Its sub-devices stay, without a gateway. */
  async remove(id: number): Promise<void> {
    await this.#database.updateTable("device").set({ gatewayId: null }).where("gatewayId", "=", id).execute();
    await this.#database.deleteFrom("event").where("deviceId", "=", id).execute();
    await new Tasks(this.#database).removeOfDevice(id);
    await new Components(this.#database).removeOfDevice(id);
    await this.#database.deleteFrom("device").where("id", "=", id).execute();
  }

  /** @returns a page, the oldest first by default */
  list(filter: DeviceFilter = {}, { after, limit = PAGE_ROWS, order = "oldest" }: Page = {}): Promise<Device[]> {
    const { direction, beyond } = directionOf(order);
    let query = this.#filtered(filter).selectAll("device").orderBy("device.id", direction).limit(limit);
    if (after !== undefined) query = query.where("device.id", beyond, after);
    return query.execute();
  }

  async count(filter: DeviceFilter = {}): Promise<number> {
    const row = await this.#filtered(filter)
      .select(({ fn }) => fn.countAll().as("count"))
      .executeTakeFirstOrThrow();
    return Number(row.count);
  }

  /**
   * Notes that a device was heard of.
   *
   * @param stepMs a time that is younger than this stays, which spares a write for each of many messages
   */
  async touch(id: number, at: number, stepMs = 0): Promise<void> {
    await this.#database
      .updateTable("device")
      .set({ lastSeenAt: at })
      .where("id", "=", id)
      .where((where) => where.or([where("lastSeenAt", "is", null), where("lastSeenAt", "<=", at - stepMs)]))
      .execute();
  }

  subDevicesOf(gatewayId: number): Promise<Device[]> {
    return this.#database.selectFrom("device").selectAll().where("gatewayId", "=", gatewayId).orderBy("id").execute();
  }

  countSubDevices(gatewayId: number): Promise<number> {
    return this.count({ gatewayId });
  }

  #filtered(filter: DeviceFilter): SelectQueryBuilder<Schema, "device", object> {
    const { productId, text, component, version, gatewayId, taskState, selfRegistered } = filter;
    let query = this.#database.selectFrom("device") as SelectQueryBuilder<Schema, "device", object>;
    if (productId !== undefined) query = query.where("device.productId", "=", productId);
    if (gatewayId !== undefined) query = query.where("device.gatewayId", "=", gatewayId);
    if (selfRegistered !== undefined) query = query.where("device.selfRegistered", "=", selfRegistered);
    if (text !== undefined) {
      const pattern = patternOf(text);
      query = query.where(
        sql<boolean>`(lower(device.device_name) like lower(${pattern}) escape '\\' or lower(device.note) like lower(${pattern}) escape '\\')`,
      );
    }
    if (component !== undefined || version !== undefined) {
      query = query.where((where) => {
        let reported = where
          .selectFrom("deviceComponent")
          .select("deviceComponent.deviceId")
          .whereRef("deviceComponent.deviceId", "=", "device.id");
        if (component !== undefined) reported = reported.where("deviceComponent.component", "=", component);
        if (version !== undefined) reported = reported.where("deviceComponent.version", "=", version);
        return where.exists(reported);
      });
    }
    if (taskState !== undefined) {
      query = query.where((where) =>
        where.exists(
          where
            .selectFrom("task")
            .select("task.id")
            .whereRef("task.deviceId", "=", "device.id")
            .where("task.open", "=", 1)
            .where("task.state", "=", taskState),
        ),
      );
    }
    return query;
  }
}
