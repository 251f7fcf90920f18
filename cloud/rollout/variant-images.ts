import { createHash } from "node:crypto";
import type { VersionedImage } from "../delta/package-file.js";
import type { FirmwareFiles } from "../files/firmware-files.js";
import { ObjectStoreError } from "../files/object-store/object-store-error.js";
import type { Package } from "../store/schema.js";
import type { Transactions } from "./work.js";

export interface ImagePlace {
  readonly transactions: Transactions;
  readonly files: Pick<FirmwareFiles, "open">;
}

/**
 * A device compares what it makes with the hash in the package alone: so it must be that of the file as it was added.
 *
 * @throws Error if the file is gone, or was damaged
 */
export async function imageOf({ id, version }: Package, { transactions, files }: ImagePlace): Promise<VersionedImage> {
  const [file] = await transactions.tables.packages.filesOf([id]);
  if (file === undefined) throw new Error(`version ${version} has no file`);
  let bytes: Buffer;
  try {
    const content = await files.open(file.md5);
    try {
      bytes = await content.read(0, content.size);
    } finally {
      await content.close();
    }
  } catch (error) {
    if (error instanceof ObjectStoreError) throw error;
    throw new Error(`the file of version ${version} cannot be read: add it again`, { cause: error });
  }
  if (createHash("md5").update(bytes).digest("hex") !== file.md5) {
    throw new Error(`the file of version ${version} is damaged: add it again`);
  }
  return { version, bytes };
}
