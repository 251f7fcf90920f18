import type { FleetDevice, FleetPackage } from "../fleet/types.js";
import type { Device, DeviceComponent, Package, Product } from "../store/schema.js";
import type { Tables } from "../store/tables/tables.js";

/*
 * The fleet as the pure rules see it, made of rows.
 */

/** @param components of this device */
export function fleetDevice(product: Product, device: Device, components: readonly DeviceComponent[]): FleetDevice {
  return {
    productId: product.productId,
    deviceName: device.deviceName,
    versions: Object.fromEntries(components.map(({ component, version }) => [component, version])),
    chip: product.chip ?? undefined,
    timeZone: device.timeZone ?? product.timeZone ?? undefined,
  };
}

/** @returns the devices in the same order */
export async function fleetDevices(
  tables: Tables,
  product: Product,
  devices: readonly Device[],
): Promise<readonly FleetDevice[]> {
  const components = new Map<number, DeviceComponent[]>();
  for (const entry of await tables.components.ofMany(devices.map(({ id }) => id))) {
    const known = components.get(entry.deviceId);
    if (known === undefined) components.set(entry.deviceId, [entry]);
    else known.push(entry);
  }
  return devices.map((device) => fleetDevice(product, device, components.get(device.id) ?? []));
}

export function fleetPackage(product: Product, found: Package): FleetPackage {
  return {
    packageId: String(found.id),
    productId: product.productId,
    component: found.component,
    targetVersion: found.version,
    sourceVersion: found.sourceVersion === "" ? undefined : found.sourceVersion,
    chip: found.chip ?? undefined,
  };
}
