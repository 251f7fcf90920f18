import type { Readable } from "node:stream";
import { OtaError } from "../../src/errors.js";
import { checkManifest } from "../files/manifest.js";
import type { FirmwareContent, StoredFile } from "../files/firmware-files.js";
import { holdersOfSecrets } from "../files/secrets.js";
import { packagePath } from "../files/signed-url.js";
import { OWN_FIRMWARE } from "../fleet/types.js";
import { type FirmwareFile, readFirmwareFile } from "../seal/read-file.js";
import { packageColumns } from "../rollout/package-dispatch.js";
import { removeVariantsWith } from "../rollout/variant-files.js";
import { readWireVersion } from "../rollout/wire-version.js";
import type { Package, Product } from "../store/schema.js";
import type { Tables } from "../store/tables/tables.js";
import { CloudError, type DeviceName, type FirmwareManifest } from "../types.js";
import { audit, checkProductId, checkVersion, ensureProduct, type OperatorContext, productOf } from "./context.js";
import { chipOf, sealOf, sourceOf } from "./package-seal.js";
import { packageViews } from "./package-views.js";
import { nextOf, rowsOf } from "./pages.js";
import { rethrow } from "./request-transactions.js";
import { type Actor, type NewPackage, type PackageView, type Page, type Paged, Refusal } from "./types.js";
import type { Work } from "../rollout/work.js";

/** Endings of the names of files that a package may have. */
const FORMATS = /\.(bin|zip|rar|pack|mini_1|mini_2|py|tar|tar\.gz|s19|bin_1|bin_2)$/i;

/** Files of one package, as in QuecThing's console. */
const MOST_FILES = 5;

const DEVICES_AT_A_TIME = 1000;

export class PackageRequests {
  readonly #context: OperatorContext;

  constructor(context: OperatorContext) {
    this.#context = context;
  }

  async list(productId: string | undefined, page: Page): Promise<Paged<PackageView>> {
    const { tables } = this.#context.transactions;
    const product = productId === undefined ? undefined : await productOf(tables, productId);
    const rows = rowsOf(page);
    const found = await tables.packages.list(product?.id, {}, rows);
    return { items: await packageViews(tables, found), ...nextOf(found, rows) };
  }

  async get(id: number): Promise<PackageView> {
    const { tables } = this.#context.transactions;
    const found = await mustExist(tables, id);
    return (await packageViews(tables, [found]))[0] as PackageView;
  }

  async add(request: NewPackage, content: Readable, actor: Actor): Promise<PackageView> {
    const { productId, fileName } = request;
    checkProductId(productId);
    checkVersion(request.version);
    checkFormat(fileName);
    const requirements = checked(request.requirements) ?? {};
    const component = request.component ?? requirements.component ?? OWN_FIRMWARE;
    if (!/^[A-Za-z0-9._-]{1,32}$/.test(component)) {
      throw new Refusal("invalid", "a component is 1 to 32 of [A-Za-z0-9._-]");
    }
    // On the wire the component stands before the version: both spellings mean the same.
    const version = readWireVersion(request.version, [component]).version;
    if (requirements.sourceVersion === version) {
      throw new Refusal("invalid", `a delta from ${version} makes another version than ${version}`);
    }
    const stored = await this.#store(content);
    const file = await this.#read(stored, fileName);
    const chip = chipOf(file);
    const as = { fileName, productId, component, version };
    const seal = sealOf(file, as);
    const sourceVersion = sourceOf(file, as, requirements.sourceVersion ?? "");
    const kept = sourceVersion === "" ? requirements : { ...requirements, sourceVersion };
    const id = await this.#context.transactions.run(async (work) => {
      await this.#mustStay(work, stored);
      const product = await ensureProduct(work, productId);
      checkChip(product, component, { fileName, imageChip: chip });
      const known = await work.tables.packages.find(product.id, component, version, sourceVersion);
      const [before] = known === undefined ? [] : await work.tables.packages.filesOf([known.id]);
      // Adding the same file once more mends it on the disk, and changes nothing else.
      if (known !== undefined && before?.md5 === stored.md5) return known.id;
      if (known !== undefined) await this.#makeRoom(work, known, request.replace === true);
      const added = await work.tables.packages.insert(
        {
          productId: product.id,
          component,
          kind: request.kind ?? requirements.kind ?? "module",
          form: sourceVersion === "" ? "full" : "delta",
          sourceVersion,
          version,
          name: request.name ?? "",
          remark: request.remark ?? "",
          requirements: Object.keys(kept).length === 0 ? null : JSON.stringify(kept),
          ...packageColumns({ name: "uploaded" }),
          chip: chip ?? null,
          project: file.header?.project ?? null,
          seal: seal === undefined ? null : JSON.stringify(seal),
          createdAt: work.nowMs,
        },
        [],
      );
      await work.tables.packages.addFile(added.id, {
        name: fileName,
        ...stored,
        path: packagePath({ productId, component, version, sourceVersion, packageId: added.id }),
      });
      await audit(work, actor, "package-add", `${productId} ${component} ${version}`, {
        id: added.id,
        md5: stored.md5,
      });
      work.after(() => this.#context.rollout.journal.notify({ kind: "package", packageId: added.id, productId }));
      return added.id;
    });
    await this.#mustBeThere(stored);
    return this.get(id);
  }

  async addFile(id: number, fileName: string, content: Readable, actor: Actor): Promise<PackageView> {
    checkFormat(fileName);
    const stored = await this.#store(content);
    const imageChip = chipOf(await this.#read(stored, fileName));
    await this.#context.transactions.run(async (work) => {
      await this.#mustStay(work, stored);
      const found = await mustExist(work.tables, id);
      const product = await work.tables.products.byId(found.productId);
      if (product !== undefined) checkChip(product, found.component, { fileName, imageChip });
      const files = await work.tables.packages.filesOf([id]);
      // As in `add`: once more the same file mends it.
      if (files.some(({ name, md5 }) => name === fileName && md5 === stored.md5)) return;
      if (files.length >= MOST_FILES) throw new Refusal("conflict", `a package has at most ${MOST_FILES} files`);
      if ((await work.tables.packages.usedBy(id)).some(({ state }) => state !== "draft")) {
        throw new Refusal("in-use", "the package is used by a plan, and stays as it is");
      }
      const named = { component: found.component, version: found.version, sourceVersion: found.sourceVersion };
      const path = packagePath({ productId: product?.productId ?? "", ...named, packageId: id });
      await work.tables.packages.addFile(id, { name: fileName, ...stored, path: `${path}_${files.length + 1}` });
      await audit(work, actor, "package-add-file", String(id), { md5: stored.md5 });
    });
    await this.#mustBeThere(stored);
    return this.get(id);
  }

  async withdraw(id: number, actor: Actor): Promise<PackageView> {
    const { transactions, rollout } = this.#context;
    await transactions.run(async (work) => {
      const found = await mustExist(work.tables, id);
      const { answer } = await rollout.packages.dispatch(work, found, {
        type: "withdrawal-commanded",
        reason: actor.name,
      });
      if (answer.kind === "refused") throw new Refusal("conflict", `the package is ${answer.because} already`);
      await audit(work, actor, "package-withdraw", String(id));
    });
    return this.get(id);
  }

  async secretsIn(id: number): Promise<DeviceName[]> {
    const { tables } = this.#context.transactions;
    await mustExist(tables, id);
    const products = await tables.products.list();
    const holders: DeviceName[] = [];
    for (const { md5 } of await tables.packages.filesOf([id])) {
      const secrets = products.flatMap(({ productId, secret }) =>
        secret === null ? [] : [{ productId, productSecret: secret }],
      );
      const devices: (DeviceName & { readonly deviceSecret?: string })[] = [];
      for (const { id: product, productId } of products) {
        for (let after: number | undefined; ; ) {
          const page = await tables.devices.list(
            { productId: product },
            { limit: DEVICES_AT_A_TIME, ...(after === undefined ? {} : { after }) },
          );
          for (const { deviceName, secret } of page) {
            devices.push({ productId, deviceName, ...(secret === null ? {} : { deviceSecret: secret }) });
          }
          after = page.at(-1)?.id;
          if (page.length < DEVICES_AT_A_TIME) break;
        }
      }
      holders.push(...(await holdersOfSecrets(await this.#contentOf(md5), devices, secrets)));
    }
    return holders;
  }

  async #makeRoom(work: Work, known: Package, replace: boolean): Promise<void> {
    const name = `${known.component} ${known.version}`;
    if (!replace && known.state !== "withdrawn") {
      throw new Refusal("exists", `${name} exists with another file: give another version, or --replace`);
    }
    if (await work.tables.packages.isUsed(known.id)) {
      throw new Refusal("in-use", `${name} is used by a plan, and stays as it is: give another version`);
    }
    await removeVariantsWith(work, known.id);
    await work.tables.packages.remove(known.id);
    work.after(() => this.#context.variants.look());
  }

  /** @throws Refusal if a delta with the same bytes was removed, and its file is about to go */
  async #mustStay({ tables }: Work, { md5 }: StoredFile): Promise<void> {
    if (!(await tables.fileRemovals.has(md5))) return;
    this.#context.variants.look();
    throw new Refusal("conflict", "a file with the same bytes is being removed at this moment: add it again");
  }

  /**
   * Between its way into the store and the commit, a file with the same bytes may have been removed.
   *
   * @throws Refusal if it was: what is added once more mends it
   */
  async #mustBeThere({ md5 }: StoredFile): Promise<void> {
    if ((await this.#context.files.sizeOf(md5).catch(rethrow)) !== undefined) return;
    throw new Refusal("conflict", "a file with the same bytes was being removed: add it again");
  }

  async #store(content: Readable): Promise<StoredFile> {
    try {
      return await this.#context.files.add(content);
    } catch (error) {
      if (!(error instanceof CloudError)) return rethrow(error);
      throw new Refusal(error.message.includes("more than") ? "too-large" : "invalid", error.message);
    }
  }

  async #read({ md5 }: StoredFile, fileName: string): Promise<FirmwareFile> {
    try {
      return await this.#withContent(md5, readFirmwareFile);
    } catch (error) {
      if (!(error instanceof OtaError)) throw error;
      throw new Refusal("invalid", `${fileName}: ${error.code}: ${error.message}`);
    }
  }

  #contentOf(md5: string): Promise<Buffer> {
    return this.#withContent(md5, (content) => content.read(0, content.size));
  }

  async #withContent<Result>(md5: string, use: (content: FirmwareContent) => Promise<Result>): Promise<Result> {
    const content = await this.#context.files.open(md5).catch(rethrow);
    try {
      return await use(content).catch(rethrow);
    } finally {
      await content.close();
    }
  }
}

/** Only the own firmware is an image for the product's chip. @throws Refusal with the names of both chips */
function checkChip(
  { productId, chip }: Pick<Product, "productId" | "chip">,
  component: string,
  { fileName, imageChip }: { readonly fileName: string; readonly imageChip: string | undefined },
): void {
  if (component !== OWN_FIRMWARE || imageChip === undefined || chip === null || chip === imageChip) return;
  throw new Refusal("conflict", `${fileName} is an image for ${imageChip}, and ${productId} has ${chip}`);
}

/** @throws Refusal */
function checkFormat(fileName: string): void {
  if (FORMATS.test(fileName)) return;
  throw new Refusal(
    "unsupported-format",
    `${fileName} is of no known format: .bin, .zip, .rar, .pack, .mini_1, .mini_2, .py, .tar, .tar.gz, .s19, .bin_1 or .bin_2`,
  );
}

/** @throws Refusal if there is no such package */
export async function mustExist(tables: Tables, id: number): Promise<Package> {
  const found = await tables.packages.byId(id);
  if (found === undefined) throw new Refusal("not-found", `there is no package ${id}`);
  return found;
}

/** @throws Refusal if a field is wrong */
function checked(requirements: FirmwareManifest | undefined): FirmwareManifest | undefined {
  try {
    return checkManifest(requirements);
  } catch (error) {
    if (error instanceof CloudError) throw new Refusal("invalid", error.message);
    throw error;
  }
}
