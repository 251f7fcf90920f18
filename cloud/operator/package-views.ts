import { leastSavingPercent } from "../rollout/offered-file.js";
import type { Package, PackageFile, PackageVariant, Product } from "../store/schema.js";
import type { Tables } from "../store/tables/tables.js";
import type { FirmwareManifest } from "../types.js";
import type { PackageSeal, PackageState, PackageVariantView, PackageView } from "./types.js";
import { variantViews } from "./variants.js";

/** @returns what an operator sees of these packages, with their files and variants */
export async function packageViews(tables: Tables, found: readonly Package[]): Promise<PackageView[]> {
  const products = new Map((await tables.products.list()).map((product): [number, Product] => [product.id, product]));
  const ids = found.map(({ id }) => id);
  const files = await tables.packages.filesOf(ids);
  const variants = await tables.variants.ofPackages(ids);
  const saving = await leastSavingPercent(tables);
  return found.map((one) => {
    const [own, made] = [files, variants].map((each) => each.filter(({ packageId }) => packageId === one.id)) as [
      PackageFile[],
      PackageVariant[],
    ];
    return viewOf(one, products.get(one.productId)?.productId ?? "", own, variantViews(made, own[0], saving));
  });
}

function viewOf(
  found: Package,
  productId: string,
  files: readonly PackageFile[],
  variants: readonly PackageVariantView[],
): PackageView {
  const { id, component, version, kind, form, sourceVersion, name, remark } = found;
  const { state, stateReason, chip, project, seal } = found;
  return {
    id,
    productId,
    component,
    version,
    kind,
    form,
    ...(sourceVersion === "" ? {} : { sourceVersion }),
    name,
    remark,
    state: state as PackageState,
    ...(stateReason === null ? {} : { stateReason }),
    ...(chip === null ? {} : { chip }),
    ...(project === null ? {} : { project }),
    ...(seal === null ? {} : { seal: JSON.parse(seal) as PackageSeal }),
    ...(found.requirements === null ? {} : { requirements: JSON.parse(found.requirements) as FirmwareManifest }),
    files: files.map(({ name: fileName, size, md5, sha256 }) => ({ name: fileName, size, md5, sha256 })),
    variants,
    createdAt: found.createdAt,
  };
}
