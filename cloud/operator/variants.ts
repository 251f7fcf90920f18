import { MAX_IMAGE_LENGTH } from "../../src/package/format.js";
import { isPackage } from "../../src/package/header.js";
import type { FirmwareFiles } from "../files/firmware-files.js";
import { ObjectStoreError } from "../files/object-store/object-store-error.js";
import { removeUnlessOffered } from "../rollout/variant-files.js";
import { readWireVersion } from "../rollout/wire-version.js";
import type { Work } from "../rollout/work.js";
import type { Package, PackageFile, PackageVariant } from "../store/schema.js";
import type { Tables } from "../store/tables/tables.js";
import { pays } from "../fleet/variants.js";
import { audit, type OperatorContext } from "./context.js";
import { rethrow } from "./request-transactions.js";
import { type Actor, type NewVariants, type PackageVariantView, Refusal } from "./types.js";

/** Deltas of one package and its compressed image. Each is a file that is kept. */
const MOST_VARIANTS = 20;

/** Lets deltas and a compressed image be made of a package's file. @throws Refusal */
export async function addVariants(
  { transactions, files, rollout, variants }: OperatorContext,
  id: number,
  { deltaFrom = [], compressed = false }: NewVariants,
  actor: Actor,
): Promise<void> {
  if (deltaFrom.length === 0 && !compressed) {
    throw new Refusal("invalid", "say from which versions, or that a compressed image is wanted");
  }
  // Before the transaction: the files may be in a store, and nothing else is to wait for its answers.
  await mustBeImages(transactions.tables, files, id, deltaFrom);
  await transactions.run(async (work) => {
    const found = await work.tables.packages.byId(id);
    if (found === undefined) throw new Refusal("not-found", `there is no package ${id}`);
    if (found.state === "withdrawn") throw new Refusal("conflict", "the package is withdrawn already");
    if (found.form === "delta") throw new Refusal("conflict", "the package is a delta itself");
    await fileOf(work, found);
    const known = (await work.tables.variants.ofPackages([id])).filter(({ state }) => state !== "removing");
    const names = new Set([
      ...known.map(({ sourceVersion }) => sourceVersion),
      ...deltaFrom,
      ...(compressed ? [""] : []),
    ]);
    if (names.size > MOST_VARIANTS) {
      throw new Refusal("conflict", `a package has at most ${MOST_VARIANTS} deltas and compressed images`);
    }
    const wanted = { packageId: id, createdAt: work.nowMs };
    for (const text of deltaFrom) {
      const base = await baseOf(work, found, text);
      await fileOf(work, base);
      await work.tables.variants.queue({
        ...wanted,
        form: "delta",
        basePackageId: base.id,
        sourceVersion: base.version,
      });
    }
    if (compressed) {
      await work.tables.variants.queue({ ...wanted, form: "compressed", basePackageId: null, sourceVersion: "" });
    }
    await audit(work, actor, "package-variants-add", String(id), { deltaFrom, compressed });
    const productId = (await work.tables.products.byId(found.productId))?.productId ?? "";
    work.after(() => {
      rollout.journal.notify({ kind: "package", packageId: id, productId });
      variants.look();
    });
  });
}

/**
 * Removes a delta or a compressed image, and ends its making. Devices that were offered it go on with it: its file goes
 * when the last of their tasks has ended, or another try begins.
 *
 * @throws Refusal
 */
export async function removeVariant(
  { transactions, rollout, variants }: OperatorContext,
  id: number,
  variantId: number,
  actor: Actor,
): Promise<void> {
  await transactions.run(async (work) => {
    const variant = await work.tables.variants.byId(variantId);
    if (variant === undefined || variant.packageId !== id) {
      throw new Refusal("not-found", `package ${id} has no variant ${variantId}`);
    }
    if (variant.state === "removing") return;
    await removeUnlessOffered(work, variant);
    await audit(work, actor, "package-variant-remove", String(id), { sourceVersion: variant.sourceVersion });
    const found = await work.tables.packages.byId(id);
    const productId = (await work.tables.products.byId(found?.productId ?? 0))?.productId ?? "";
    work.after(() => {
      rollout.journal.notify({ kind: "package", packageId: id, productId });
      variants.look();
    });
  });
}

/** @returns what an operator sees of the variants of one package */
export function variantViews(
  variants: readonly PackageVariant[],
  file: Pick<PackageFile, "size"> | undefined,
  leastSavingPercent: number,
): PackageVariantView[] {
  return variants.map(({ id, form, sourceVersion, state, reason, percent, size, md5, sha256, createdAt }) => ({
    id,
    form,
    ...(sourceVersion === "" ? {} : { sourceVersion }),
    state,
    ...(reason === null ? {} : { reason }),
    percent,
    // Of one that is being made, these are known a moment before the file is there.
    ...(size === null || md5 === null || sha256 === null || (state !== "ready" && state !== "removing")
      ? {}
      : { size, md5, sha256, pays: pays(size, { wholeSize: file?.size ?? 0, leastSavingPercent }) }),
    createdAt,
  }));
}

/** The full package of the version that devices run: its first file is what is in their slot. @throws Refusal */
async function baseOf({ tables }: Pick<Work, "tables">, found: Package, text: string): Promise<Package> {
  const { version } = readWireVersion(text, [found.component]);
  if (version === found.version)
    throw new Refusal("invalid", `a delta from ${version} makes another version than that`);
  const base = await tables.packages.find(found.productId, found.component, version);
  if (base !== undefined) return base;
  throw new Refusal(
    "not-found",
    `there is no version ${version} of ${found.component}: a delta is made from the file that devices run, so add that first`,
  );
}

async function fileOf({ tables }: Pick<Work, "tables">, { id, version }: Package): Promise<PackageFile> {
  const [file] = await tables.packages.filesOf([id]);
  if (file === undefined) throw new Refusal("conflict", `version ${version} has no file`);
  return file;
}

/**
 * What is no package, or is withdrawn, is for the transaction to refuse.
 *
 * @throws Refusal if nothing can be made of a file
 */
async function mustBeImages(
  tables: Tables,
  files: FirmwareFiles,
  id: number,
  deltaFrom: readonly string[],
): Promise<void> {
  const found = await tables.packages.byId(id);
  if (found === undefined || found.state === "withdrawn" || found.form === "delta") return;
  await mustBeImage(await fileOf({ tables }, found), files);
  for (const text of deltaFrom)
    await mustBeImage(await fileOf({ tables }, await baseOf({ tables }, found, text)), files);
}

/** @throws Refusal if nothing can be made of the file */
async function mustBeImage({ name, size, md5 }: PackageFile, files: FirmwareFiles): Promise<void> {
  if (size > MAX_IMAGE_LENGTH) {
    throw new Refusal(
      "too-large",
      `${name} has ${size} bytes: deltas and compressed images are made of ${MAX_IMAGE_LENGTH} at most`,
    );
  }
  const content = await files.open(md5).catch((error: unknown) => {
    if (error instanceof ObjectStoreError) return rethrow(error);
    throw new Refusal("conflict", `${name} cannot be read: add it again`);
  });
  try {
    if (isPackage(await content.read(0, 4).catch(rethrow))) {
      throw new Refusal("conflict", `${name} is a delta or a compressed image itself`);
    }
  } finally {
    await content.close();
  }
}
