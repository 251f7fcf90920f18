import type { Command } from "commander";
import type { FilesChoice } from "../files-choice.js";
import { state, withFiles } from "./options.js";

/** `ota-cloud files` */
export function filesCommands(program: Command): void {
  const files = program.command("files").description("The place where firmware is.");
  withFiles(files.command("copy"))
    .description(
      "Copy firmware from the state folder to another place; what is there already is left. A cloud may run.",
    )
    .addOption(state())
    .option("--from <dir>", "the folder with the files (default: firmware in --state)")
    .action(async (options: FilesChoice & { readonly state: string; readonly from?: string }) => {
      const { filesCopy } = await import("../files.js");
      await filesCopy(options);
    });
}
