import { stat } from "node:fs/promises";
import type { FileSource } from "../files/file-server.js";
import type { Holder } from "../files/signed-url.js";
import type { FileUrls } from "../files/file-urls.js";
import type { FirmwareFiles } from "../files/firmware-files.js";
import type { Package } from "../store/schema.js";
import type { FirmwareManifest } from "../types.js";
import { demandsOf } from "./demands.js";
import type { PlanTermsCache } from "./plan-records.js";
import type { Transactions } from "./work.js";

export interface StoredFilesOptions {
  readonly transactions: Transactions;
  readonly terms: PlanTermsCache;
  readonly files: FirmwareFiles;
  /** How devices get files that this machine does not have. */
  readonly urls: FileUrls;
  /** Seconds. */
  readonly urlLifetimeSec: number;
  readonly signingKey: string;
}

/** The packages' files, as the file server serves them. */
export function storedFiles({
  transactions,
  terms,
  files,
  urls,
  urlLifetimeSec,
  signingKey,
}: StoredFilesOptions): FileSource {
  const { tables } = transactions;
  return {
    signingKey,
    find: async (path, holder) => {
      const found = (await tables.packages.byPath(path)) ?? (await variantAt(path));
      if (found === undefined) return undefined;
      const { package: one, file } = found;
      const product = await tables.products.byId(one.productId);
      if (product === undefined) return undefined;
      const known = { productId: product.productId, size: file.size, md5: file.md5 };
      const filePath = files.pathOf(file.md5);
      if (filePath !== undefined) {
        if (!(await hasSize(filePath, file.size))) return undefined;
        return { ...known, filePath, manifest: await manifestOf(one, holder) };
      }
      // URLs of this server that were given out before the files moved into a store are still valid.
      const elsewhere = await urls.sign({ path, md5: file.md5 }, urlLifetimeSec, holder);
      return elsewhere === undefined ? undefined : { ...known, elsewhere, manifest: await manifestOf(one, holder) };
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

  async function variantAt(path: string) {
    const variant = await tables.variants.byPath(path);
    const one = variant === undefined ? undefined : await tables.packages.byId(variant.packageId);
    if (variant === undefined || one === undefined) return undefined;
    return { package: one, file: { size: variant.size ?? 0, md5: variant.md5 ?? "" } };
  }

  /** What the package requires, and what the plan of this task does. */
  async function manifestOf(one: Package, { taskId }: Holder): Promise<FirmwareManifest | undefined> {
    const task = taskId === undefined ? undefined : await tables.tasks.byId(taskId);
    return demandsOf(one, task === undefined ? undefined : await terms.of(tables, task.planId));
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
