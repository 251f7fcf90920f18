import { createHash } from "node:crypto";
import type { FirmwareFiles, StoredFile } from "../files/firmware-files.js";
import type { PackageVariant } from "../store/schema.js";
import type { Journal } from "./journal.js";
import type { Transactions, Work } from "./work.js";

export interface VariantFilesOptions {
  readonly transactions: Transactions;
  readonly files: Pick<FirmwareFiles, "add" | "remove" | "sizeOf">;
  readonly journal: Journal;
}

const PAGE = 500;
/** Files that are asked for at a time. */
const AT_A_TIME = 8;
/** Tasks that forget a variant in one transaction, which others wait for. */
const MOST_TASKS = 1000;

/**
 * The files of deltas and compressed images. What names a file is stored before the file is, and that it goes is stored
 * before it goes: a process that ends in between leaves no file that nothing names.
 */
export class VariantFiles {
  readonly #options: VariantFilesOptions;
  /** MD5s of files that are on their way into the store: they are not removed before they are there. */
  readonly #coming = new Set<string>();

  constructor(options: VariantFilesOptions) {
    this.#options = options;
  }

  /**
   * Stores what was made of a variant.
   *
   * @returns `undefined` if the variant was removed meanwhile, and the file with it
   * @throws FileIsGoing if a file with these bytes is just being removed
   */
  async add(variantId: number, bytes: Uint8Array): Promise<StoredFile | undefined> {
    const { transactions, files } = this.#options;
    const digest = (name: string): string => createHash(name).update(bytes).digest("hex");
    const stored: StoredFile = { md5: digest("md5"), sha256: digest("sha256"), size: bytes.byteLength };
    this.#coming.add(stored.md5);
    try {
      const isWanted = await transactions.run(async (work) => {
        const before = await work.tables.variants.byId(variantId);
        if (before?.state !== "making") return false;
        if (await work.tables.fileRemovals.has(stored.md5)) throw new FileIsGoing();
        await work.tables.variants.update(variantId, stored);
        // An earlier version of the program may have made other bytes of the same images.
        if (before.md5 !== null) await release(work, before.md5);
        return true;
      });
      if (!isWanted) return undefined;
      await files.add(inOnePiece(bytes));
      return stored;
    } finally {
      this.#coming.delete(stored.md5);
    }
  }

  /**
   * Looks for files that are gone, as after a database was put back that names what was removed since. A variant is
   * made anew; one that is being removed leaves the whole file to its devices.
   *
   * @param isClosed whether the rest is left to another process
   * @throws StorageError, ObjectStoreError if a file cannot be asked for now
   */
  async mend(isClosed: () => boolean): Promise<void> {
    const { transactions, files } = this.#options;
    for (let after = 0; ; ) {
      const page = await transactions.tables.variants.withFiles({ after, limit: PAGE });
      for (let at = 0; at < page.length; at += AT_A_TIME) {
        if (isClosed()) return;
        const few = page.slice(at, at + AT_A_TIME);
        const sizes = await Promise.all(few.map(({ md5 }) => (md5 === null ? undefined : files.sizeOf(md5))));
        for (const [index, variant] of few.entries()) {
          if (sizes[index] !== variant.size && !isClosed()) await this.#doWithout(variant);
        }
      }
      after = page.at(-1)?.id ?? 0;
      if (page.length < PAGE) return;
    }
  }

  async #doWithout({ id, packageId, md5 }: PackageVariant): Promise<void> {
    const { transactions, journal } = this.#options;
    await transactions.run(async (work) => {
      const now = await work.tables.variants.byId(id);
      // It was removed, or made anew, since the list was read.
      if (now === undefined || now.md5 !== md5 || (now.state !== "ready" && now.state !== "removing")) return;
      // Without its path nothing is offered of it.
      const queued = { state: "queued", percent: 0, interruptions: 0 } as const;
      await work.tables.variants.update(id, { path: null, ...(now.state === "ready" ? queued : {}) });
      const one = await work.tables.packages.byId(packageId);
      const productId = (await work.tables.products.byId(one?.productId ?? 0))?.productId ?? "";
      work.after(() => journal.notify({ kind: "package", packageId, productId }));
    });
  }

  /**
   * Removes what no offer names any more.
   *
   * @param isClosed whether the rest is left to another process
   * @throws StorageError, ObjectStoreError if a file cannot be removed now; those behind it are tried before
   */
  async sweep(isClosed: () => boolean): Promise<void> {
    const { transactions, files, journal } = this.#options;
    const { tables } = transactions;
    for (const { id, packageId } of await tables.variants.removing()) {
      if (isClosed()) return;
      if (await tables.variants.isOffered(id)) continue;
      while ((await transactions.run((work) => work.tables.variants.forget(id, MOST_TASKS))) === MOST_TASKS) {
        if (isClosed()) return;
      }
      await transactions.run(async (work) => {
        const found = await work.tables.variants.byId(id);
        if (found === undefined) return;
        await removeUnlessOffered(work, found);
        const one = await work.tables.packages.byId(packageId);
        const productId = (await work.tables.products.byId(one?.productId ?? 0))?.productId ?? "";
        work.after(() => journal.notify({ kind: "package", packageId, productId }));
      });
    }
    const problems: unknown[] = [];
    for (const md5 of await tables.fileRemovals.list()) {
      if (isClosed()) return;
      if (this.#coming.has(md5)) continue;
      // Another process, which leads by now, may have removed it, and then may have added it again.
      if (!(await transactions.run(({ tables: now }) => now.fileRemovals.has(md5)))) continue;
      try {
        await files.remove(md5);
      } catch (error) {
        problems.push(error);
        continue;
      }
      await transactions.run(({ tables: now }) => now.fileRemovals.done(md5));
    }
    if (problems.length > 0) throw problems[0];
  }
}

/** A file with the same bytes is about to be removed: it can be stored again once that is done. */
export class FileIsGoing extends Error {}

/**
 * Removes a variant and its file. If a task that has not ended was offered it, it stays for that task alone, and goes
 * with its end. If very many tasks were, it goes a moment later, as they forget it piece by piece.
 */
export async function removeUnlessOffered(work: Work, variant: PackageVariant): Promise<void> {
  const { variants } = work.tables;
  if ((await variants.isOffered(variant.id)) || (await variants.wasOfferedTo(variant.id, { moreThan: MOST_TASKS }))) {
    // Without its base, which may be removed before.
    await variants.update(variant.id, { state: "removing", basePackageId: null });
    return;
  }
  await variants.remove(variant.id);
  if (variant.md5 !== null) await release(work, variant.md5);
}

/** What goes with a package: what was made of it, and the deltas from it. Called before the package is removed. */
export async function removeVariantsWith(work: Work, packageId: number): Promise<void> {
  const { variants } = work.tables;
  for (const variant of [...(await variants.ofPackages([packageId])), ...(await variants.ofBase(packageId))]) {
    await removeUnlessOffered(work, variant);
  }
}

/** Lets a file go, unless something else has the same bytes. */
export async function release({ tables }: Work, md5: string): Promise<void> {
  if ((await tables.packages.idOf(md5)) !== undefined || (await tables.variants.names(md5))) return;
  await tables.fileRemovals.add(md5);
}

async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
