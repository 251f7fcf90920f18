import type { Command } from "commander";
import { positiveCount } from "../../command-line.js";
import { brokerMosquitto } from "../mosquitto.js";
import { state } from "./options.js";

/** `ota-cloud broker` */
export function brokerCommands(program: Command): void {
  program
    .command("broker")
    .description("What another broker needs to know of the devices.")
    .command("mosquitto")
    .description(
      "Write mosquitto's password, PSK and ACL files for the devices of a state on which no cloud runs, for a bench.",
    )
    .addOption(state())
    .option("--output <dir>", "folder for the files", "mosquitto")
    .option("--mqtt-port <n>", "port in mosquitto.conf", positiveCount, 1883)
    .option("--psk-port <n>", "port of the listener for TLS-PSK", positiveCount, 8883)
    .action(brokerMosquitto);
}
