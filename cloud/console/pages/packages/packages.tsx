import { PackageDetail } from "./package-detail.js";
import { PackageList } from "./package-list.js";

/** The packages, or one of them. */
export function PackagesPage({ rest }: { readonly rest: readonly string[] }) {
  const [id] = rest;
  return id === undefined ? <PackageList /> : <PackageDetail id={Number(id)} />;
}
