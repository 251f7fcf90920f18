import type { Command } from "commander";
import { keyNew } from "../keys.js";

/** `ota-cloud key` */
export function keyCommands(program: Command): void {
  program
    .command("key")
    .description("Keys that sign firmware.")
    .command("new")
    .description("Make a pair of keys (ECDSA on P-256): NAME.key, which signs, and NAME.pub, which devices trust.")
    .argument("<name>", "name of the key, such as release-2026")
    .option("--output <dir>", "folder for both files; default: this one")
    .action(keyNew);
}
