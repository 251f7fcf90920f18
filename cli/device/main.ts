#!/usr/bin/env node
import { Command, Option } from "commander";
import { CHIPS, ESP32 } from "../../hal/boards/family/chips.js";
import { count, files, positiveCount, positiveSeconds, runProgram, seconds } from "../command-line.js";
import { component } from "./components.js";
import { engineOption } from "../engine.js";
import { flash, image, read } from "./files.js";
import { inspect } from "./inspect.js";
import { run } from "./run.js";
import { LOG_LEVELS } from "../log.js";
import { addProvisioningOptions, provision } from "./provision.js";
import { SELF_TESTS } from "./self-test.js";

const program = new Command("ota-device").description(
  "A simulated board with a chip of the ESP32 family, on which the update agent runs. A folder holds its flash.",
);

const CHIP_NAMES = CHIPS.map(({ name }) => name).join(", ");

const state = (): Option =>
  new Option("--state <dir>", "folder of the board's flash; a new board is made in an empty one").makeOptionMandatory();
const eitherState = (): Option => new Option("--state <dir>", "folder of a simulated board's flash");
const flashFile = (): Option =>
  new Option("--flash <file>", "or a file with the whole flash of a board, as esptool's read_flash 0 ALL writes it");

program
  .command("run")
  .description("Power the board on. SIGINT (control-C) or SIGTERM stops it; SIGKILL is a power cut.")
  .requiredOption("--device-info <file>", "the vendor's device_info.json")
  .addOption(state())
  .option("--mqtt <url>", "the broker: mqtt://host[:port] or mqtts://…; default: the platform's, by product and region")
  .option(
    "--register-url <url>",
    "where a board whose device_info.json has a product secret and no device secret registers itself: http://host[:port] or https://…; default: the platform's, by region",
  )
  .option("--ca <file>", "certificate of the CA to trust for mqtts and https, PEM or DER")
  .option(
    "--chip <name>",
    `chip of the board: ${CHIP_NAMES}; default: ${ESP32.name} for a new board, and whatever chip the folder's board has`,
  )
  .option("--factory-version <v>", "version of the firmware that a new board gets first", "0.1.0")
  .option("--trust <file>", "take only images with a seal by this public key (NAME.pub); repeat it: any of them", files)
  .option("--no-packages", "a firmware that takes whole images alone, no deltas and no compressed ones")
  .option("--strict-tls", "also refuse certificates that only the SDK's TLS on a chip refuses")
  .addOption(engineOption())
  .option("--idle-timeout <s>", "longest wait for data of a download, in seconds", positiveSeconds, 30)
  .option("--max-attempts <n>", "tries in a row that bring nothing new before an update fails", positiveCount, 8)
  .option("--backoff-max <s>", "longest pause between two tries to download, in seconds", seconds, 60)
  .option("--user-agent <text>", "who the board says it is in each HTTP request; default: moddable-ota/VERSION")
  .option(
    "--subdevices <file>",
    'makes the board a gateway; a file with a JSON array of {"productId","deviceName","version","install":"ok"|"fail"|"hang"|"offline"}',
  )
  .option(
    "--install-timeout <s>",
    "longest time without progress of an installation on a sub-device or component, in seconds",
    positiveSeconds,
    60,
  )
  .option(
    "--policy <file>",
    "when updates may happen, a file with a JSON object; on a terminal you are asked about each plan",
  )
  .option(
    "--vitals <file>",
    'what the board measures, a file that is read again when it changes: {"batteryPercent": 80, "signalDbm": -60}',
  )
  .option(
    "--component <id=ID,version=V>",
    "an MCU that is updated through the board; repeat the option for further ones, in the order of installation. " +
      "More settings follow after commas: install=ok|fail|hang|offline, pause=S (seconds between two pieces of 4 KiB)",
    component,
  )
  .addOption(
    new Option(
      "--self-test <how>",
      "result of the application's own test of a new firmware, once it has reached the cloud; default: no such test",
    ).choices([...SELF_TESTS]),
  )
  .option("--self-test-timeout <s>", "longest time of that test, in seconds", positiveSeconds, 60)
  .addOption(new Option("--log <level>", "how much to log on standard error").choices([...LOG_LEVELS]).default("info"))
  .action(run);

program
  .command("inspect")
  .description("Print what a flash holds: that of a simulated board, which may be running, or that of a real one.")
  .addOption(eitherState())
  .addOption(flashFile())
  .option("--json", "print one JSON object")
  .action(inspect);

program
  .command("read")
  .description(
    "Copy a flash, or one partition of it, to a file. The board may be running. A whole flash is for esptool's write_flash 0.",
  )
  .addOption(eitherState())
  .addOption(flashFile())
  .option("--slot <name>", "one partition: ota_0, ota_1 or another; default: the whole flash")
  .option("--length <n>", "with --slot: how many bytes from its start", count)
  .requiredOption("--output <file>", "file to write")
  .action(read);

program
  .command("flash")
  .description(
    "Flash a simulated board, as by cable. If the file is an application image, the board is made anew from it, with the image's chip, and all else is erased. " +
      "If the file is a whole flash, it becomes the board's flash, byte for byte.",
  )
  .addOption(state())
  .requiredOption(
    "--image <file>",
    "an application image, or a whole flash as esptool's read_flash and merge_bin make them",
  )
  .action(flash);

program
  .command("image")
  .description("Make a valid application image with random content, to test updates with.")
  .requiredOption("--version <v>", "version in its application descriptor")
  .requiredOption("--size <n>", "bytes, a multiple of 16", count)
  .option("--seed <n>", "number that the content is made from: the same seed makes the same content", count, 1)
  .option("--chip <name>", `chip that the image is for: ${CHIP_NAMES}`, ESP32.name)
  .option("--secure-version <n>", "secure_version in its application descriptor, which a seal must repeat", count, 0)
  .requiredOption("--output <file>", "file to write")
  .action(image);

addProvisioningOptions(
  program
    .command("provision")
    .description(
      "Make an image of the partition nvs, with the identity and the network of one device. The firmware is the same for all devices.",
    )
    .requiredOption("--device-info <file>", "the vendor's device_info.json"),
)
  .option("--size <n>", "bytes of the partition nvs; default: as in partitions.csv", count)
  .requiredOption("--output <file>", "file to write; it holds the device's secret")
  .action(provision);

await runProgram(program);
