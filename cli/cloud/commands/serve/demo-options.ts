import type { Command } from "commander";
import { DEFAULT_BOARDS, demoBoards, demoSeed, MAX_BOARDS, MIN_BOARDS } from "../../../demo/choice.js";
import { GATEWAY_FAULTS_HELP, gatewayFaults } from "../../gateway-faults.js";

/** Adds the options of faults and of simulated boards. */
export function demoOptions(command: Command): Command {
  return command
    .option("--gateway-faults <list>", GATEWAY_FAULTS_HELP, gatewayFaults)
    .option("--faults <file>", "faults from the start, as a list in JSON: those of `fault add --help`")
    .option(
      "--demo [n]",
      `${MIN_BOARDS} to ${MAX_BOARDS} simulated boards live beside the cloud, some of which misbehave; default: ${DEFAULT_BOARDS}, or as many as before`,
      demoBoards,
    )
    .option("--demo-seed <n>", "which boards of a new demo misbehave; default: 1", demoSeed);
}
