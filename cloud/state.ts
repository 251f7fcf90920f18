import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { importUpgrades } from "./rollout/import-upgrades.js";
import { Transactions } from "./rollout/work.js";
import { FirmwareFolder } from "./store/firmware-folder.js";
import { DATABASE_FILE, FleetStore, type FleetStoreOptions } from "./store/fleet-store.js";
import { SIGNING_KEY } from "./store/json-import.js";
import { StorageError } from "./store/storage-error.js";
import { CloudError } from "./types.js";

/** The state of a cloud, opened by this process. */
export interface OpenState {
  readonly store: FleetStore;
  readonly files: FirmwareFolder;
  readonly transactions: Transactions;
  /** Key that signs the URLs, in hexadecimal. */
  readonly signingKey: string;
}

export type OpenOptions = Pick<FleetStoreOptions, "onHealth" | "groupDelayMs">;

/**
 * Opens a folder for this process alone. A state of an earlier version is taken over.
 *
 * @throws CloudError if another process has it, or it is damaged
 * @throws StorageError if it cannot be opened
 */
export async function openState(folder: string, options: OpenOptions = {}): Promise<OpenState> {
  const store = await openStore(folder, options);
  try {
    const files = await FirmwareFolder.open({ folder });
    const signingKey = await store.write(async ({ settings }) => {
      const known = await settings.get(SIGNING_KEY);
      if (known !== undefined) return known;
      const made = randomBytes(20).toString("hex");
      await settings.set(SIGNING_KEY, made);
      return made;
    });
    const transactions = new Transactions({ store });
    await importUpgrades(transactions);
    return { store, files, transactions, signingKey };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** A file that is damaged at the start does not mend by itself: its name says what the operator has to replace. */
async function openStore(folder: string, options: OpenOptions): Promise<FleetStore> {
  try {
    return await FleetStore.open({ folder, ...options });
  } catch (error) {
    if (!(error instanceof StorageError && error.code === "damaged")) throw error;
    throw new CloudError(`${join(folder, DATABASE_FILE)} is damaged: put a backup in its place`);
  }
}
