import type { Device } from "../store/schema.js";
import type { Tables } from "../store/tables/tables.js";
import type { DeviceName } from "../types.js";
import type { NamedDevice } from "./task-dispatch.js";

/** @returns the devices with these ids, with their names on the wire, in no order */
export async function named(tables: Tables, ids: readonly number[]): Promise<NamedDevice[]> {
  return nameAll(tables, await tables.devices.byIds([...new Set(ids)]));
}

export async function nameAll(tables: Tables, rows: readonly Device[]): Promise<NamedDevice[]> {
  const products = new Map((await tables.products.list()).map((product) => [product.id, product.productId]));
  return rows.map((row) => ({
    id: row.id,
    productId: products.get(row.productId) ?? "",
    deviceName: row.deviceName,
    gatewayId: row.gatewayId,
    row,
  }));
}

/** @returns the device of this name on the wire */
export async function namedDevice(
  tables: Tables,
  { productId, deviceName }: DeviceName,
): Promise<NamedDevice | undefined> {
  // A client may send any name, and the store takes no NUL.
  if (`${productId}${deviceName}`.includes("\0")) return undefined;
  const row = await tables.devices.findOnWire(productId, deviceName);
  return row === undefined ? undefined : { id: row.id, productId, deviceName, gatewayId: row.gatewayId, row };
}
