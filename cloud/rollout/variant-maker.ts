import { createHash } from "node:crypto";
import { makePackage } from "../delta/make-package.js";
import { packageRequestOf } from "../delta/package-request.js";
import { variantPath } from "../files/signed-url.js";
import type { FirmwareFiles } from "../files/firmware-files.js";
import { ObjectStoreError } from "../files/object-store/object-store-error.js";
import type { Package, PackageVariant, PackageVariantPatch } from "../store/schema.js";
import { StorageError } from "../store/storage-error.js";
import type { VersionedImage } from "../delta/package-file.js";
import type { Journal } from "./journal.js";
import { describeVariant } from "./offered-file.js";
import type { Transactions, Work } from "./work.js";

export interface VariantMakerOptions {
  readonly transactions: Transactions;
  readonly files: Pick<FirmwareFiles, "open" | "add">;
  readonly journal: Journal;
  /** How many are made at the same time, each in a thread of its own. */
  readonly atOnce: number;
  /** Called with one line about something that went wrong in the background. */
  onProblem?(line: string): void;
}

/** Another process may have asked for one. */
const LOOK_MS = 5000;
const PROGRESS_MS = 1000;

/**
 * Makes the deltas and compressed images that are stored as to be made, the oldest first. What a process leaves
 * undone, the next one begins anew.
 */
export class VariantMaker {
  readonly #options: VariantMakerOptions;
  readonly #running = new Map<number, { readonly abort: AbortController; readonly done: Promise<void> }>();
  #looking: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: VariantMakerOptions) {
    this.#options = options;
  }

  /** Takes up what an earlier process has left, and looks from time to time. */
  start(): void {
    this.#timer = setInterval(() => this.look(), LOOK_MS).unref();
    this.look();
  }

  /** Begins what is to be made, as far as there is room. */
  look(): void {
    this.#looking = this.#looking.then(() => this.#begin()).catch((error: unknown) => this.#failed(error));
  }

  /** Resolves when nothing is made any more. */
  async idle(): Promise<void> {
    await this.#looking;
    while (this.#running.size > 0) {
      await Promise.all([...this.#running.values()].map(({ done }) => done));
      await this.#looking;
    }
  }

  /** Ends what is being made: it is stored as to be made. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const { abort } of this.#running.values()) abort.abort();
    await this.idle();
  }

  async #begin(): Promise<void> {
    const { transactions, atOnce } = this.#options;
    if (this.#closed) return;
    for (const variant of await transactions.tables.variants.toMake()) {
      if (this.#running.size >= atOnce) return;
      if (this.#running.has(variant.id)) continue;
      const abort = new AbortController();
      const done = this.#make(variant, abort.signal)
        .finally(() => this.#running.delete(variant.id))
        .then(() => this.look())
        .catch((error: unknown) => this.#failed(error));
      this.#running.set(variant.id, { abort, done });
    }
  }

  async #make(variant: PackageVariant, signal: AbortSignal): Promise<void> {
    const { transactions, files } = this.#options;
    const { packages, variants } = transactions.tables;
    const found = await packages.byId(variant.packageId);
    const state = (await variants.byId(variant.id))?.state;
    // It was removed, or made, since the list was read.
    if (found === undefined || (state !== "queued" && state !== "making")) return;
    try {
      const { basePackageId } = variant;
      const base = basePackageId === null ? undefined : await transactions.tables.packages.byId(basePackageId);
      const request = packageRequestOf(
        await this.#imageOf(found),
        base === undefined ? undefined : await this.#imageOf(base),
      );
      await this.#update(found, variant, { state: "making", percent: 0 });
      const bytes = await makePackage(request, { signal, onProgress: this.#progressOf(found, variant) });
      const stored = await files.add(inOnePiece(bytes));
      const product = await transactions.tables.products.byId(found.productId);
      const named = { productId: product?.productId ?? "", version: found.version };
      const path = variantPath({ ...named, packageId: found.id, variantId: variant.id });
      await this.#update(found, variant, { state: "ready", percent: 100, ...stored, path });
    } catch (error) {
      // The one that follows begins it anew.
      if (signal.aborted) return;
      if (error instanceof StorageError || error instanceof ObjectStoreError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      await this.#update(found, variant, { state: "failed", reason });
    }
  }

  /**
   * A device compares what it makes with the hash in the package alone: so it must be that of the file as it was added.
   *
   * @throws Error if the file is gone, or was damaged
   */
  async #imageOf({ id, version }: Package): Promise<VersionedImage> {
    const { transactions, files } = this.#options;
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

  /** @returns what stores the progress, now and then */
  #progressOf(found: Package, variant: PackageVariant): (percent: number) => void {
    const { transactions } = this.#options;
    let nextMs = transactions.nowMs() + PROGRESS_MS;
    return (percent) => {
      if (percent >= 100 || transactions.nowMs() < nextMs || this.#closed) return;
      nextMs = transactions.nowMs() + PROGRESS_MS;
      this.#update(found, variant, { percent }).catch((error: unknown) => this.#failed(error));
    };
  }

  async #update(found: Package, variant: PackageVariant, patch: PackageVariantPatch): Promise<void> {
    const { transactions } = this.#options;
    await transactions.run(async (work) => {
      const now = await work.tables.variants.byId(variant.id);
      // It was removed meanwhile; or a progress comes late.
      if (now === undefined || (patch.state === undefined && now.state !== "making")) return;
      await work.tables.variants.update(variant.id, patch);
      await this.#tell(work, found, variant, patch);
    });
  }

  async #tell(work: Work, found: Package, variant: PackageVariant, patch: PackageVariantPatch): Promise<void> {
    const { journal } = this.#options;
    const { state, reason, size } = patch;
    const productId = (await work.tables.products.byId(found.productId))?.productId ?? "";
    const name = `${found.component} ${found.version}, ${describeVariant(variant)}`;
    if (state === "ready") {
      await journal.record(
        work,
        "package-variant-made",
        { productId },
        { packageId: found.id, text: `${name}: ${size} bytes` },
      );
    } else if (state === "failed") {
      await journal.record(
        work,
        "package-variant-failed",
        { productId },
        { packageId: found.id, text: `${name}: ${reason}` },
      );
    }
    work.after(() => journal.notify({ kind: "package", packageId: found.id, productId }));
  }

  /** Storage that refuses: what is to be done is stored, and is looked at again. */
  #failed(error: unknown): void {
    if (this.#closed) return;
    setTimeout(() => this.look(), LOOK_MS).unref();
    if (!(error instanceof StorageError)) {
      this.#options.onProblem?.(error instanceof Error ? error.message : String(error));
    }
  }
}

async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
