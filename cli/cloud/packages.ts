import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { openRegularFile } from "../../cloud/store/regular-file.js";
import { type CloudChoice, withOperator } from "./operator.js";
import { describeVariant } from "./variants.js";
import { all, counted, say, sayJson, table } from "./text.js";

/** `ota-cloud package list` */
export async function packageList({
  product,
  json,
  ...choice
}: CloudChoice & { readonly product?: string; readonly json?: boolean }): Promise<void> {
  await withOperator(choice, "package list", async ({ operator }) => {
    const packages = await all((page) => operator.packages(product, page));
    if (json === true) {
      sayJson(packages);
      return;
    }
    const rows = packages.map((each) => [
      String(each.id),
      each.productId,
      each.component,
      each.version,
      each.form === "delta" ? `delta from ${each.sourceVersion ?? "?"}` : "full",
      each.stateReason === undefined ? each.state : `${each.state} (${each.stateReason})`,
      each.files.map(({ name, size }) => `${name} ${size} bytes`).join(", "),
      each.variants.map((variant) => describeVariant(variant, each.files[0]?.size ?? 0)).join("; "),
      each.seal === undefined ? "no seal" : `sealed, security version ${each.seal.securityVersion}`,
      each.name,
    ]);
    for (const line of table(rows, "no packages")) say(line);
  });
}

/** `ota-cloud package add-file` */
export async function packageAddFile(
  id: number,
  file: string,
  { json, ...choice }: CloudChoice & { readonly json?: boolean },
): Promise<void> {
  const opened = await openRegularFile(file);
  const { size } = await opened.stat();
  await opened.close();
  await withOperator(choice, "package add-file", async ({ operator, actor }) => {
    const request = { fileName: basename(file), size };
    const added = await operator.addPackageFile(id, request, createReadStream(file), actor);
    if (json === true) sayJson(added);
    else say(`package ${id} has ${counted(added.files.length, "file")}`);
  });
}

/** `ota-cloud package withdraw` */
export async function packageWithdraw(
  id: number,
  { json, ...choice }: CloudChoice & { readonly json?: boolean },
): Promise<void> {
  await withOperator(choice, "package withdraw", async ({ operator, actor }) => {
    const withdrawn = await operator.withdrawPackage(id, actor);
    if (json === true) sayJson(withdrawn);
    else
      say(`withdrew ${withdrawn.productId} ${withdrawn.component} ${withdrawn.version}: no plan can use it any more`);
  });
}
