import type { Device, DeviceComponent } from "../store/schema.js";
import type { DeviceName } from "../types.js";
import type { OperatorContext } from "./context.js";
import type { DeviceView } from "./types.js";

/** @returns what an operator sees of devices, in the same order */
export async function deviceViews(context: OperatorContext, rows: readonly Device[]): Promise<DeviceView[]> {
  const { tables } = context.transactions;
  const names = await namesOf(context, rows);
  const versions = byDevice(await tables.components.ofMany(rows.map(({ id }) => id)));
  return rows.map((row): DeviceView => {
    const lastSeenAt = context.platform.lastSeen.of(row.id) ?? row.lastSeenAt;
    const name = names.get(row.id) as DeviceName;
    const gateway = row.gatewayId === null ? undefined : names.get(row.gatewayId);
    return {
      id: row.id,
      ...name,
      versions: Object.fromEntries((versions.get(row.id) ?? []).map(({ component, version }) => [component, version])),
      online: context.presence.of({ ...name, gatewayId: row.gatewayId }),
      ...(gateway === undefined ? {} : { gateway }),
      ...(row.timeZone === null ? {} : { timeZone: row.timeZone }),
      ...(row.language === null ? {} : { language: row.language }),
      note: row.note,
      createdAt: row.createdAt,
      ...(lastSeenAt === null ? {} : { lastSeenAt }),
    };
  });
}

/** @returns the names of devices and of their gateways */
async function namesOf({ transactions }: OperatorContext, rows: readonly Device[]): Promise<Map<number, DeviceName>> {
  const { tables } = transactions;
  const products = new Map((await tables.products.list()).map(({ id, productId }) => [id, productId]));
  const gatewayIds = [...new Set(rows.flatMap(({ gatewayId }) => (gatewayId === null ? [] : [gatewayId])))];
  const gateways = await tables.devices.byIds(gatewayIds);
  return new Map(
    [...rows, ...gateways].map(({ id, productId, deviceName }) => [
      id,
      { productId: products.get(productId) ?? "", deviceName },
    ]),
  );
}

function byDevice(entries: readonly DeviceComponent[]): Map<number, DeviceComponent[]> {
  const found = new Map<number, DeviceComponent[]>();
  for (const entry of entries) {
    const known = found.get(entry.deviceId);
    if (known === undefined) found.set(entry.deviceId, [entry]);
    else known.push(entry);
  }
  return found;
}
