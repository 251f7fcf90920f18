import { absentFiles, type FilesSettings, type OpenedFiles } from "../files/open-files.js";
import type { FirmwareFiles } from "../files/firmware-files.js";
import { ObjectStoreError } from "../files/object-store/object-store-error.js";
import type { PackageFile } from "../store/schema.js";
import type { Tables } from "../store/tables/tables.js";
import { CloudError } from "../types.js";
import type { Transactions } from "./work.js";

/** Where the files of the packages were at the last start. Absent: in the state folder. */
const FILES_PLACE = "files-place";

/** For how many seconds the URLs of a store live. Absent: those of the state folder, which can be taken back. */
const URL_LIFETIME = "files-url-lifetime";

const PAGE = 500;
/** A file that a package needs. */
type KeptFile = Pick<PackageFile, "md5" | "size" | "name">;

/** Files that are asked for at a time. */
const AT_A_TIME = 8;

/**
 * Compares the place of the files with that of the last start. Another place is taken only if it has each file of each
 * package, so that no device is ever offered what is not there.
 *
 * @param options.files      as the operator has named the place, if at all
 * @param options.needsFiles whether it is an error if the operator has not, and it is another one
 * @returns the files; if another place is used and none was named, files that can only be refused
 * @throws CloudError if a file is missing, or the store does not answer
 */
export async function takePlace(
  transactions: Transactions,
  opened: OpenedFiles,
  { files, needsFiles = false }: { readonly files?: FilesSettings | undefined; readonly needsFiles?: boolean },
): Promise<FirmwareFiles> {
  const known = (await transactions.tables.settings.get(FILES_PLACE)) ?? "";
  if (known === opened.place) return opened.files;
  if (files === undefined && needsFiles)
    throw new CloudError(`the files of this state are in ${known}: name it by --files`);
  if (files === undefined) return absentFiles(known);
  await mustHaveAll(transactions.tables, opened);
  await transactions.run(({ tables }) => tables.settings.set(FILES_PLACE, opened.place));
  return opened.files;
}

/**
 * @param lifetimeSec of the cloud that starts; absent: none starts, and that of the last one is asked for
 * @returns seconds that URLs live which nobody can take back
 */
export async function keepLifetime(transactions: Transactions, lifetimeSec: number | undefined): Promise<number> {
  const known = Number(await transactions.tables.settings.get(URL_LIFETIME));
  if (lifetimeSec === undefined) return known;
  if (lifetimeSec !== known) {
    await transactions.run(({ tables }) => tables.settings.set(URL_LIFETIME, String(lifetimeSec)));
  }
  return lifetimeSec;
}

async function mustHaveAll(tables: Tables, { files, place }: OpenedFiles): Promise<void> {
  const lacking: KeptFile[] = [];
  try {
    for await (const some of packageFiles(tables)) {
      for (let at = 0; at < some.length; at += AT_A_TIME) {
        const few = some.slice(at, at + AT_A_TIME);
        const sizes = await Promise.all(few.map(({ md5 }) => files.sizeOf(md5)));
        lacking.push(...few.filter(({ size }, index) => sizes[index] !== size));
      }
    }
  } catch (error) {
    throw error instanceof ObjectStoreError ? new CloudError(error.message) : error;
  }
  const [first] = lacking;
  if (first === undefined) return;
  const count = lacking.length === 1 ? "1 file is" : `${lacking.length} files are`;
  throw new CloudError(
    `${count} not in ${place === "" ? "the state folder" : place}, such as ${first.name} (${first.md5}): ` +
      "copy them with ota-cloud files copy",
  );
}

/** The files of all packages, page by page; some of them may be the same. */
export async function* packageFiles(tables: Tables): AsyncGenerator<KeptFile[]> {
  for (let after: number | undefined; ; ) {
    const page = await tables.packages.list(undefined, {}, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    const ids = page.map(({ id }) => id);
    const variants = await tables.variants.ofPackages(ids);
    yield [
      ...(await tables.packages.filesOf(ids)),
      // Deltas and compressed images are files too, once they are made.
      ...variants.flatMap(({ path, md5, size, form }) =>
        path === null || md5 === null || size === null ? [] : [{ md5, size, name: form }],
      ),
    ];
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}
