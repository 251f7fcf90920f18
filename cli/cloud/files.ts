import { join } from "node:path";
import { copyFiles } from "../../cloud/files/copy-files.js";
import { openFirmwareFiles, urlLifetimeOf } from "../../cloud/files/open-files.js";
import { CloudError } from "../../cloud/types.js";
import { EXIT_FAILED, UsageError } from "../command-line.js";
import { type FilesChoice, filesSettings } from "./files-choice.js";
import { counted, say } from "./text.js";

/** `ota-cloud files copy` */
export async function filesCopy({
  state,
  from = join(state, "firmware"),
  ...choice
}: FilesChoice & { readonly state: string; readonly from?: string }): Promise<void> {
  const settings = filesSettings(choice);
  if (settings === undefined) throw new UsageError("say by --files where to: s3://… or a folder");
  const lifetime = { urlLifetimeSec: urlLifetimeOf(settings, undefined) };
  const { files: to, place } = await openFirmwareFiles({ folder: state, settings, probes: true, ...lifetime });
  if (place === "") throw new CloudError("--files is the folder that the files are in");
  const files = await copyFiles({
    folder: from,
    to,
    onFile: ({ md5, size, result }) => {
      if (result !== "known") say(`${md5} ${size} bytes ${result}`);
    },
  });
  const count = (result: string): number => files.filter((file) => file.result === result).length;
  say(`${counted(count("copied"), "file")} copied to ${place}, ${count("known")} were there`);
  if (count("damaged") === 0) return;
  say(`${counted(count("damaged"), "file")} in ${from} not what the name says, and left out: add the firmware again`);
  process.exitCode = EXIT_FAILED;
}
