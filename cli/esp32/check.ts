#!/usr/bin/env node
import { Command, Option } from "commander";
import { runProgram } from "../command-line.js";
import { DEFAULT_TABLE, TABLE_NAMES } from "./application.js";
import { checkApplication } from "./application-check.js";
import type { Linked } from "./link.js";
import { SLOT_LENGTH } from "./room.js";
import { checkBoard, describeIgnored, findEsp32Sdk } from "./sdk.js";

/** Bytes of a pointer on the chip. */
const POINTER_LENGTH = 4;

const program = new Command("npm run check:esp32 --")
  .description(
    "Links the JavaScript of examples/minimal for an ESP32 with the Moddable SDK, without ESP-IDF, and checks the result.",
  )
  .option("--board <name>", "board, by its name in the SDK", "nodemcu")
  .addOption(
    new Option("--partitions <table>", "partition table of the flash").choices(TABLE_NAMES).default(DEFAULT_TABLE),
  )
  .action(check);

await runProgram(program);

function check({ board, partitions: table }: { readonly board: string; readonly partitions: string }): void {
  const sdk = findEsp32Sdk(process.env);
  checkBoard(sdk, board);
  say("sdk", `Moddable ${sdk.version}, esp32/${board}`);
  const ignored = describeIgnored(process.env);
  if (ignored !== undefined) say("ignored", ignored);
  const { linked, settings, partitions, room } = checkApplication({ sdk, board, version: "0.1.0", table });
  sayLinked(linked);
  say("sdkconfig", settings.join(", "));
  for (const { label, offset, size } of partitions) {
    say("partition", `${label.padEnd(8)} ${hex(offset).padEnd(9)} ${hex(size)}`);
  }
  say(
    "room",
    `an image of about ${count(room.byteLength)} bytes leaves ${room.freePercent} % of its slot of ${count(room.slotLength)}`,
  );
  say("ok", "all JavaScript links; native code was not compiled");
}

function sayLinked({ modules, preloaded, ...figures }: Linked): void {
  const bytes = [...modules.values()].reduce((sum, size) => sum + size, 0);
  const own = (modules.get("moddable-ota") ?? 0) + (modules.get("moddable-ota/device") ?? 0);
  const { romSlots, aliases, chunkBytes, heapSlots, stackSlots } = figures;
  say(
    "modules",
    `${modules.size} linked, ${preloaded.size} preloaded; ${count(bytes)} bytes of bytecode, ours ${count(own)}`,
  );
  say(
    "rom",
    `${count(romSlots)} slots, ${count(romSlots * SLOT_LENGTH)} bytes; ${aliases} aliases, ${aliases * POINTER_LENGTH} bytes of RAM`,
  );
  say("ram", `${count(chunkBytes)} bytes of chunks, ${count(heapSlots)} slots, ${stackSlots} slots of stack`);
}

function say(what: string, text: string): void {
  process.stdout.write(`${what.padEnd(10)}${text}\n`);
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
