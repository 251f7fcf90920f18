import { stat } from "node:fs/promises";
import type { FileSource } from "../files/file-server.js";
import type { Holder } from "../files/signed-url.js";
import { OWN_FIRMWARE } from "../fleet/types.js";
import type { FirmwareFolder } from "../store/firmware-folder.js";
import type { Package } from "../store/schema.js";
import type { FirmwareManifest } from "../types.js";
import type { PlanTermsCache } from "./plan-records.js";
import type { Transactions } from "./work.js";

export interface StoredFilesOptions {
  readonly transactions: Transactions;
  readonly terms: PlanTermsCache;
  readonly folder: FirmwareFolder;
  readonly signingKey: string;
}

/** The packages' files, as the file server serves them. */
export function storedFiles({ transactions, terms, folder, signingKey }: StoredFilesOptions): FileSource {
  const { tables } = transactions;
  return {
    signingKey,
    find: async (path, holder) => {
      const found = await tables.packages.byPath(path);
      if (found === undefined) return undefined;
      const { package: one, file } = found;
      const product = await tables.products.byId(one.productId);
      const filePath = folder.pathOf(file.md5);
      if (product === undefined || !(await hasSize(filePath, file.size))) return undefined;
      return {
        productId: product.productId,
        size: file.size,
        md5: file.md5,
        filePath,
        manifest: await manifestOf(one, holder),
      };
    },
    isRevoked: async ({ taskId }) => {
      if (taskId === undefined) return false;
      const task = await tables.tasks.byId(taskId);
      if (task === undefined || task.state === "cancelled" || task.state === "superseded") return true;
      const plan = await tables.plans.byId(task.planId);
      const { revokedAt = null } = plan ?? {};
      return revokedAt !== null && (task.offeredAt ?? 0) <= revokedAt;
    },
  };

  /** What the package requires, and what the plan of this task does. */
  async function manifestOf(one: Package, { taskId }: Holder): Promise<FirmwareManifest | undefined> {
    const own = one.requirements === null ? {} : (JSON.parse(one.requirements) as FirmwareManifest);
    const task = taskId === undefined ? undefined : await tables.tasks.byId(taskId);
    const strategy = task === undefined ? {} : (await terms.of(tables, task.planId)).settings.strategy;
    const named = one.component === OWN_FIRMWARE ? {} : { component: one.component, kind: one.kind };
    const manifest = { ...named, ...own, ...strategy } as FirmwareManifest;
    return Object.keys(manifest).length === 0 ? undefined : manifest;
  }
}

/** A file that is gone or was cut is not served. */
async function hasSize(path: string, size: number): Promise<boolean> {
  try {
    return (await stat(path)).size === size;
  } catch {
    return false;
  }
}
