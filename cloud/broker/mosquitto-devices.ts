import { nameAll } from "../rollout/named-device.js";
import type { NamedDevice } from "../rollout/task-dispatch.js";
import type { Tables } from "../store/tables/tables.js";
import type { MosquittoDevice } from "./mosquitto-files.js";

/** @returns all devices of a state, with their secrets and their sub-devices */
export async function mosquittoDevices(tables: Tables): Promise<MosquittoDevice[]> {
  const found: NamedDevice[] = [];
  for (let after = 0; ; ) {
    const page = await tables.devices.list({}, { after });
    found.push(...(await nameAll(tables, page)));
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.id;
  }
  const ofGateway = new Map<number, NamedDevice[]>();
  for (const device of found) {
    if (device.gatewayId === null) continue;
    const known = ofGateway.get(device.gatewayId);
    if (known === undefined) ofGateway.set(device.gatewayId, [device]);
    else known.push(device);
  }
  return found.map(({ id, productId, deviceName, row }) => ({
    productId,
    deviceName,
    secret: row.secret ?? undefined,
    subDevices: ofGateway.get(id) ?? [],
  }));
}
