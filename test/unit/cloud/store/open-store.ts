import { FleetStore, type FleetStoreOptions } from "../../../../cloud/store/fleet-store.js";
import type { Device, NewTask, Package, Plan, Product } from "../../../../cloud/store/schema.js";
import type { Tables } from "../../../../cloud/store/tables/tables.js";
import { emptyDatabase } from "../../../support/engine-choice.js";
import { withFolder } from "../../../support/folder.js";

export const NOW = 1_800_000_000_000;

/** Runs `body` with a store in a folder or in a database of its own, and closes it in any case. */
export function withStore(
  body: (store: FleetStore, folder: string, url: string | undefined) => Promise<void>,
  options: Omit<FleetStoreOptions, "folder"> = {},
): Promise<void> {
  return withFolder(async (folder) => {
    const url = await emptyDatabase();
    const store =
      url === undefined
        ? await FleetStore.open({ groupDelayMs: 1, ...options, folder })
        : await FleetStore.openServer({ groupDelayMs: 1, ...options, url });
    try {
      await body(store, folder, url);
    } finally {
      await store.close();
    }
  });
}

export interface SmallFleet {
  readonly product: Product;
  readonly target: Package;
  readonly plan: Plan;
  readonly devices: readonly Device[];
}

/** A product with devices `d0`, `d1`, …, a package and an active plan without tasks. */
export async function addFleet(tables: Tables, devices: number): Promise<SmallFleet> {
  const product = await tables.products.insert({
    productId: "ABCDE12345",
    name: "Lamp",
    registration: "off",
    createdAt: NOW,
  });
  const added: Device[] = [];
  for (let index = 0; index < devices; index += 1) {
    added.push(await tables.devices.insert({ productId: product.id, deviceName: `d${index}`, createdAt: NOW }));
  }
  const target = await tables.packages.insert(
    {
      productId: product.id,
      component: "firmware",
      kind: "module",
      form: "full",
      version: "2.0.0",
      state: "verified",
      data: '{"name":"verified"}',
      createdAt: NOW,
    },
    [{ name: "lamp.bin", size: 4, md5: "0".repeat(32), sha256: "1".repeat(64), path: "/lamp-2.0.0" }],
  );
  const plan = await tables.plans.insert({
    productId: product.id,
    name: "all",
    purpose: "update",
    state: "active",
    data: '{"name":"active"}',
    settings: "{}",
    dynamic: 0,
    createdAt: NOW,
  });
  return { product, target, plan, devices: added };
}

export function taskOf({ plan, target }: SmallFleet, device: Device, more: Partial<NewTask> = {}): NewTask {
  return {
    planId: plan.id,
    position: 0,
    deviceId: device.id,
    packageId: target.id,
    component: "firmware",
    state: "waiting",
    open: 1,
    inFlight: 0,
    createdAt: NOW,
    updatedAt: NOW,
    ...more,
  };
}
