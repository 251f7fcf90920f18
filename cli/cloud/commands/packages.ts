import type { Command } from "commander";
import { count } from "../../command-line.js";
import { packageAddFile, packageList, packageWithdraw } from "../packages.js";
import { packageMake, packageRemoveVariant } from "../variants.js";
import { withCloud, withVariants } from "./options.js";

/** `ota-cloud package` */
export function packageCommands(program: Command): void {
  const packages = program.command("package").description("The packages that plans update devices to.");
  withCloud(packages.command("list"))
    .description("Show the packages and whether they are verified.")
    .option("--product <id>", "only those of this product")
    .option("--json", "as one JSON list")
    .action(packageList);
  withCloud(packages.command("add-file"))
    .description("Add a further file to a package: one for each component of a plan, five at most.")
    .argument("<id>", "the package", count)
    .argument("<file>", "the file")
    .option("--json", "as one JSON object")
    .action(packageAddFile);
  withVariants(withCloud(packages.command("make")))
    .description("Make deltas and a compressed image of a package, which devices are offered in its place.")
    .argument("<id>", "the package", count)
    .option("--json", "as one JSON object")
    .action(packageMake);
  withCloud(packages.command("remove-variant"))
    .description("Remove a delta or a compressed image. Devices that have an offer of it go on with it.")
    .argument("<id>", "the package", count)
    .argument("<variant>", "its id, as package list --json shows it", count)
    .option("--json", "as one JSON object")
    .action(packageRemoveVariant);
  withCloud(packages.command("withdraw"))
    .description("Withdraw a package: no plan can use it any more.")
    .argument("<id>", "the package", count)
    .option("--json", "as one JSON object")
    .action(packageWithdraw);
}
