import { withinTime } from "../within-time.js";
import { makePackage } from "../delta/make-package.js";
import { packageRequestOf } from "../delta/package-request.js";
import { variantPath } from "../files/signed-url.js";
import type { FirmwareFiles } from "../files/firmware-files.js";
import { ObjectStoreError } from "../files/object-store/object-store-error.js";
import type { Package, PackageVariant, PackageVariantPatch } from "../store/schema.js";
import { StorageError } from "../store/storage-error.js";
import type { Journal } from "./journal.js";
import { describeVariant } from "./offered-file.js";
import { Pauses } from "./pauses.js";
import { FileIsGoing, release, VariantFiles } from "./variant-files.js";
import { imageOf } from "./variant-images.js";
import type { Transactions, Work } from "./work.js";

export interface VariantMakerOptions {
  readonly transactions: Transactions;
  readonly files: Pick<FirmwareFiles, "open" | "add" | "remove" | "sizeOf">;
  readonly journal: Journal;
  /** How many are made at the same time, each in a thread of its own. 0: another process makes them. */
  readonly atOnce: number;
  /** Makes one. Default: in a thread of its own. */
  readonly make?: typeof makePackage;
  /** Called with one line about something that went wrong in the background. */
  onProblem?(line: string): void;
}

/** Another process may have asked for one. */
const LOOK_MS = 5000;
const PROGRESS_MS = 1000;
/** For this long, the end of a cloud waits for what has begun. The place of the files may not answer for minutes. */
const CLOSE_MS = 2000;
/** One that has ended the cloud so often, perhaps for want of memory, is not tried again by itself. */
const MOST_INTERRUPTIONS = 3;

/**
 * Makes the deltas and compressed images that are stored as to be made, the oldest first, and removes the files of
 * those that are gone. What a process leaves undone, the next one begins anew.
 */
export class VariantMaker {
  readonly #options: VariantMakerOptions;
  readonly #files: VariantFiles;
  readonly #running = new Map<number, { readonly abort: AbortController; readonly done: Promise<void> }>();
  /** By the variant's id: those that could not be stored. */
  readonly #pauses = new Pauses<number | "removal">();
  #looking: Promise<void> = Promise.resolve();
  /** Apart from the looks, which do not wait for the place of the files. */
  #sweeping: Promise<void> = Promise.resolve();
  #isSweepDue = false;
  /** Why a file could not be removed at the last try. */
  #removalProblem: string | undefined;
  /** Whether it is known that the files are there which are stored as ready. */
  #hasMended = true;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** What goes on after the end has no say any more: another process may be at work. */
  #isOver = false;

  constructor(options: VariantMakerOptions) {
    this.#options = options;
    this.#files = new VariantFiles(options);
  }

  /** Takes up what an earlier process has left, and looks from time to time. */
  start(): void {
    this.#timer = setInterval(() => this.look(), LOOK_MS).unref();
    this.#hasMended = false;
    this.#looking = this.#looking.then(() => this.#takeUp()).catch((error: unknown) => this.#failed(error));
    this.look();
  }

  /** Begins what is to be made, as far as there is room, ends what is wanted no more, and removes files. */
  look(): void {
    if (this.#options.atOnce === 0) return;
    this.#looking = this.#looking.then(() => this.#begin()).catch((error: unknown) => this.#failed(error));
    if (this.#isSweepDue) return;
    this.#isSweepDue = true;
    this.#sweeping = Promise.all([this.#looking, this.#sweeping])
      .then(() => this.#sweep())
      .catch((error: unknown) => this.#failed(error));
  }

  /** Resolves when nothing is made any more. */
  async idle(): Promise<void> {
    for (;;) {
      const [looking, sweeping] = [this.#looking, this.#sweeping];
      await Promise.all([looking, sweeping, ...[...this.#running.values()].map(({ done }) => done)]);
      if (this.#running.size === 0 && looking === this.#looking && sweeping === this.#sweeping) return;
    }
  }

  /** Ends what is being made: it is stored as to be made. What does not end in time is left behind. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const { abort } of this.#running.values()) abort.abort();
    if (this.#isOver) return;
    await withinTime(this.idle(), CLOSE_MS);
    this.#isOver = true;
  }

  async #begin(): Promise<void> {
    const { transactions, atOnce } = this.#options;
    if (this.#closed) return;
    const wanted = await transactions.tables.variants.toMake();
    this.#pauses.keep((key) => key === "removal" || wanted.some(({ id }) => id === key));
    for (const [id, { abort }] of this.#running) {
      // Removed, or its package was. If it is ready since, there is nothing left to end.
      if (!wanted.some((variant) => variant.id === id)) abort.abort();
    }
    for (const variant of wanted) {
      if (this.#running.size >= atOnce) return;
      if (this.#running.has(variant.id) || this.#pauses.isPausing(variant.id, transactions.nowMs())) continue;
      const abort = new AbortController();
      const done = this.#make(variant, abort.signal)
        .finally(() => this.#running.delete(variant.id))
        .then(() => this.look())
        .catch((error: unknown) => this.#failed(error));
      this.#running.set(variant.id, { abort, done });
    }
  }

  /** What is being made now, a process that ended has left. */
  async #takeUp(): Promise<void> {
    const { packages, variants } = this.#options.transactions.tables;
    for (const variant of await variants.making()) {
      const found = await packages.byId(variant.packageId);
      if (found === undefined || this.#running.has(variant.id)) continue;
      const interruptions = variant.interruptions + 1;
      if (interruptions < MOST_INTERRUPTIONS) {
        await this.#update(found, variant, { state: "queued", percent: 0, interruptions });
      } else {
        const reason = `the cloud ended ${MOST_INTERRUPTIONS} times while it was made: it may need more memory`;
        await this.#update(found, variant, { state: "failed", reason });
      }
    }
  }

  async #sweep(): Promise<void> {
    this.#isSweepDue = false;
    const nowMs = this.#options.transactions.nowMs();
    if (this.#closed || this.#pauses.isPausing("removal", nowMs)) return;
    try {
      await this.#files.sweep(() => this.#closed);
      if (!this.#hasMended) {
        await this.#files.mend(() => this.#closed);
        this.#hasMended = true;
        // What has lost its file is made anew.
        this.look();
      }
      this.#pauses.end("removal");
      this.#removalProblem = undefined;
    } catch (error) {
      this.#removalProblem = messageOf(error);
      this.#pauses.begin("removal", nowMs);
      throw error;
    }
  }

  async #make(variant: PackageVariant, signal: AbortSignal): Promise<void> {
    const { transactions, make = makePackage } = this.#options;
    const { packages, variants } = transactions.tables;
    const found = await packages.byId(variant.packageId);
    const state = (await variants.byId(variant.id))?.state;
    // It was removed, or made, since the list was read.
    if (found === undefined || (state !== "queued" && state !== "making")) return;
    try {
      if (found.state === "withdrawn") throw new Error("the package is withdrawn");
      const { basePackageId } = variant;
      const base = basePackageId === null ? undefined : await transactions.tables.packages.byId(basePackageId);
      const request = packageRequestOf(
        await imageOf(found, this.#options),
        base === undefined ? undefined : await imageOf(base, this.#options),
      );
      signal.throwIfAborted();
      await this.#update(found, variant, { state: "making", percent: 0 });
      const bytes = await make(request, { signal, onProgress: this.#progressOf(found, variant) });
      const stored = await this.#files.add(variant.id, bytes);
      if (stored === undefined) return;
      const product = await transactions.tables.products.byId(found.productId);
      const named = { productId: product?.productId ?? "", version: found.version };
      const path = variantPath({ ...named, packageId: found.id, variantId: variant.id });
      await this.#update(found, variant, { state: "ready", percent: 100, ...stored, path });
      this.#pauses.end(variant.id);
    } catch (error) {
      // The process that follows begins it anew.
      if (signal.aborted) return this.#update(found, variant, { state: "queued", percent: 0 });
      if (mayPass(error) && !this.#isStuck(variant, error)) {
        this.#pauses.begin(variant.id, transactions.nowMs());
        // While it waits, the end of the cloud does not interrupt it.
        await this.#update(found, variant, { state: "queued", percent: 0 }).catch(() => {});
        throw error;
      }
      const reason =
        error instanceof FileIsGoing
          ? `a file with the same bytes cannot be removed: ${this.#removalProblem}`
          : messageOf(error);
      await this.#update(found, variant, { state: "failed", reason });
      this.#pauses.end(variant.id);
    }
  }

  /** Whether a file with the same bytes is to go, and does not. */
  #isStuck({ id }: PackageVariant, error: unknown): boolean {
    return error instanceof FileIsGoing && this.#removalProblem !== undefined && this.#pauses.isLongest(id);
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
    if (this.#isOver) return;
    await transactions.run(async (work) => {
      const now = await work.tables.variants.byId(variant.id);
      // It was removed meanwhile, or another process has made it; or a progress comes late.
      if (now === undefined || now.state === "ready" || now.state === "removing") return;
      if (patch.state === undefined && now.state !== "making") return;
      if (patch.state === "failed") {
        await work.tables.variants.update(variant.id, { ...patch, size: null, md5: null, sha256: null });
        if (now.md5 !== null) await release(work, now.md5);
      } else {
        await work.tables.variants.update(variant.id, patch);
      }
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
    // Once it was started, it looks by itself.
    if (this.#timer === undefined) setTimeout(() => this.look(), LOOK_MS).unref();
    if (!(error instanceof StorageError || error instanceof FileIsGoing)) {
      this.#options.onProblem?.(messageOf(error));
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether it is worth to be tried again by itself. */
function mayPass(error: unknown): boolean {
  if (error instanceof ObjectStoreError) return error.passes;
  return error instanceof StorageError || error instanceof FileIsGoing;
}
