import type { PackageView } from "../../../operator/types.js";
import { fleet, packages } from "../../api/cloud.js";
import { useResource } from "../../state/resource.js";
import type { FormReference } from "./step-props.js";

const PAGE = 1000;

/** What the form needs to know of a product: its packages, and which versions its devices run. */
export function useReference(known: Pick<FormReference, "products" | "matches"> & { readonly product: string }) {
  const { product, products, matches } = known;
  const { value: list } = useResource(
    (signal) => allPackages(product, signal),
    [product],
    ({ kind }) => kind === "package",
  );
  const { value: overview } = useResource(
    async (signal) => (product === "" ? undefined : fleet.overview(product, signal)),
    [product],
  );
  return { products, matches, packages: list, versions: overview?.versions } satisfies FormReference;
}

/** Page by page, to the last one; the newest first. */
async function allPackages(product: string, signal: AbortSignal): Promise<readonly PackageView[]> {
  if (product === "") return [];
  const all: PackageView[] = [];
  for (let after: number | undefined; ; ) {
    const { items, next } = await packages.list({ product, after, limit: PAGE, order: "newest" }, signal);
    all.push(...items);
    if (next === undefined) return all;
    after = next;
  }
}
