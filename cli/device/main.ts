#!/usr/bin/env node
import { Command, Option } from "commander";
import { CHIPS } from "../../hal/boards/sim/chips.js";
import { count, positiveCount, positiveSeconds, runProgram, seconds } from "../command-line.js";
import { component } from "./components.js";
import { engineOption } from "../engine.js";
import { flash, image, read } from "./files.js";
import { inspect } from "./inspect.js";
import { run } from "./run.js";
import { LOG_LEVELS } from "../log.js";
import { addProvisioningOptions, provision } from "./provision.js";
import { SELF_TESTS } from "./self-test.js";

const program = new Command("ota-device").description(
  "A simulated chip of the ESP32 family with the update agent, its flash in a folder.",
);

const state = (): Option => new Option("--state <dir>", "folder of the board's flash").makeOptionMandatory();
const eitherState = (): Option => new Option("--state <dir>", "folder of a simulated board's flash");
const flashFile = (): Option =>
  new Option("--flash <file>", "or the whole flash of any board, as esptool's read_flash 0 ALL reads it");

program
  .command("run")
  .description("Power the board on; SIGINT or SIGTERM stops it, SIGKILL is a power cut.")
  .requiredOption("--device-info <file>", "the vendor's device_info.json")
  .addOption(state())
  .option("--mqtt <url>", "mqtt://host[:port] or mqtts://…; default: the platform's own, from product and region")
  .option("--ca <file>", "trust anchor for mqtts and https, PEM")
  .option("--factory-version <v>", "version that an empty folder is flashed with first", "0.1.0")
  .option("--strict-tls", "refuse the certificates that the SDK's TLS on a chip refuses")
  .addOption(engineOption())
  .option("--idle-timeout <s>", "longest wait for a byte, in seconds", positiveSeconds, 30)
  .option("--max-attempts <n>", "consecutive tries without a new block before a job fails", positiveCount, 8)
  .option("--backoff-max <s>", "bound of the pauses between HTTP tries, in seconds", seconds, 60)
  .option(
    "--subdevices <file>",
    'a gateway: JSON array of {"productId","deviceName","version","install":"ok"|"fail"|"hang"|"offline"}',
  )
  .option(
    "--install-timeout <s>",
    "longest silence of an installation on a sub-device or component, in seconds",
    positiveSeconds,
    60,
  )
  .option("--policy <file>", "when updates may happen, a JSON object; on a terminal plans are asked about")
  .option(
    "--vitals <file>",
    'what the board measures, read again as it changes: {"batteryPercent": 80, "signalDbm": -60}',
  )
  .option(
    "--component <id=ID,version=V>",
    "an MCU behind the board; may come several times, in the order of installation. " +
      "Behind it, by commas: install=ok|fail|hang|offline, pause=S (seconds between two pieces of 4 KiB)",
    component,
  )
  .addOption(
    new Option("--self-test <how>", "what a firmware on trial finds, besides that it reached the cloud").choices([
      ...SELF_TESTS,
    ]),
  )
  .option("--self-test-timeout <s>", "how long that may take, in seconds", positiveSeconds, 60)
  .addOption(new Option("--log <level>", "how much to say on standard error").choices([...LOG_LEVELS]).default("info"))
  .action(run);

program
  .command("inspect")
  .description("Say what is in a flash: of a simulated board, also while it runs, or of a real one.")
  .addOption(eitherState())
  .addOption(flashFile())
  .option("--json", "as one JSON object")
  .action(inspect);

program
  .command("read")
  .description(
    "Copy a flash or a slot of it to a file; works while the board runs. Without --slot: all of it, for esptool's write_flash 0.",
  )
  .addOption(eitherState())
  .addOption(flashFile())
  .option("--slot <name>", "ota_0, ota_1 or another partition")
  .option("--length <n>", "with --slot: bytes from its beginning", count)
  .requiredOption("--output <file>", "where to")
  .action(read);

program
  .command("flash")
  .description(
    "Flash a board by cable. An application image: the chip, the one that the image is for, is erased, and is as from the factory. " +
      "A whole flash: the board's becomes that file, byte for byte.",
  )
  .addOption(state())
  .requiredOption(
    "--image <file>",
    "an application image, or a whole flash as esptool's read_flash and merge_bin make them",
  )
  .action(flash);

program
  .command("image")
  .description("Make a valid application image with random content.")
  .requiredOption("--version <v>", "version in its application descriptor")
  .requiredOption("--size <n>", "bytes, a multiple of 16", count)
  .option("--seed <n>", "same seed, same content", count, 1)
  .option("--chip <name>", `for which chip: ${CHIPS.map(({ name }) => name).join(", ")}`, "ESP32")
  .requiredOption("--output <file>", "where to")
  .action(image);

addProvisioningOptions(
  program
    .command("provision")
    .description(
      "Make the nvs image that turns a board into this device: its identity and its network, apart from the firmware.",
    )
    .requiredOption("--device-info <file>", "the vendor's device_info.json"),
)
  .option("--size <n>", "bytes of the partition nvs; default: that of partitions.csv", count)
  .requiredOption("--output <file>", "where to; whoever reads it has the device's secret")
  .action(provision);

await runProgram(program);
