import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { FileUrls } from "./files/file-urls.js";
import type { FirmwareFiles } from "./files/firmware-files.js";
import { type FilesSettings, openFirmwareFiles, urlLifetimeOf } from "./files/open-files.js";
import { keepLifetime, takePlace } from "./rollout/files-place.js";
import { importUpgrades } from "./rollout/import-upgrades.js";
import { Transactions } from "./rollout/work.js";
import { DATABASE_FILE, FleetStore, type FleetStoreOptions } from "./store/fleet-store.js";
import { SIGNING_KEY } from "./store/json-import.js";
import { StorageError } from "./store/storage-error.js";
import { CloudError } from "./types.js";

/** The state of a cloud, opened by this process. */
export interface OpenState {
  readonly store: FleetStore;
  readonly files: FirmwareFiles;
  /** How devices get the files; absent if from the cloud's own file server. */
  readonly urls?: FileUrls | undefined;
  /** Seconds that URLs live, also those of a cloud that does not run now. */
  readonly urlLifetimeSec: number;
  readonly transactions: Transactions;
  /** Key that signs the URLs, in hexadecimal. */
  readonly signingKey: string;
}

export interface OpenOptions extends Pick<FleetStoreOptions, "onHealth" | "groupDelayMs"> {
  /** `postgres://…`: the state is there, and the folder has only the packages' files. */
  readonly database?: string | undefined;
  /** Milliseconds since 1970, by the clock that all processes share. Default: the system's. */
  nowMs?(): number;
  /** Default: in the state folder. */
  readonly files?: FilesSettings | undefined;
  /** Seconds that the URLs of files live. Default: see {@link urlLifetimeOf}. */
  readonly urlLifetimeSec?: number | undefined;
  /** Whether the place of the files must be known: if not, only what needs a file is refused. */
  readonly needsFiles?: boolean;
  /** Called with one line if the place of the files does not answer now. */
  onProblem?(line: string): void;
}

/**
 * Opens a folder for this process alone, or a database for this and other processes. A state of an earlier version in
 * the folder is taken over.
 *
 * @throws CloudError if another process has the folder, it is damaged, or the database has another schema
 * @throws StorageError if it cannot be opened
 */
export async function openState(folder: string, options: OpenOptions = {}): Promise<OpenState> {
  const { nowMs, ...opening } = options;
  const store = await openStore(folder, opening);
  try {
    const signingKey = await store.write(async ({ settings }) => {
      const known = await settings.get(SIGNING_KEY);
      if (known !== undefined) return known;
      const made = randomBytes(20).toString("hex");
      await settings.set(SIGNING_KEY, made);
      return made;
    });
    const transactions = new Transactions({ store, ...(nowMs === undefined ? {} : { nowMs }) });
    await importUpgrades(transactions);
    let urlLifetimeSec = urlLifetimeOf(options.files, options.urlLifetimeSec);
    const opened = await openFirmwareFiles({
      folder,
      isShared: options.database !== undefined,
      settings: options.files,
      urlLifetimeSec,
      probes: options.needsFiles === true,
      onProblem: (line) => options.onProblem?.(line),
    });
    const files = await takePlace(transactions, opened, options);
    const { urls } = opened;
    if (urls?.canRevoke === false) {
      urlLifetimeSec = await keepLifetime(transactions, options.needsFiles === true ? urlLifetimeSec : undefined);
    }
    return { store, files, urls, urlLifetimeSec, transactions, signingKey };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** A file that is damaged at the start does not mend by itself: its name says what the operator has to replace. */
async function openStore(folder: string, { database, ...options }: OpenOptions): Promise<FleetStore> {
  if (database !== undefined) return FleetStore.openServer({ ...options, url: database });
  try {
    return await FleetStore.open({ folder, ...options });
  } catch (error) {
    if (!(error instanceof StorageError && error.code === "damaged")) throw error;
    throw new CloudError(`${join(folder, DATABASE_FILE)} is damaged: put a backup in its place`);
  }
}
