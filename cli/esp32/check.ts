#!/usr/bin/env node
import { Command } from "commander";
import { STACK_SLOTS } from "../../hal/boards/esp32/stack.js";
import { type Chip, hasSdkTarget, targetNameOf } from "../../hal/boards/family/chips.js";
import { type Creation, isSameHeap, SLOT_LENGTH } from "../../hal/boards/family/creation.js";
import { TABLE_ADDRESS } from "../../hal/boards/partition-table.js";
import { runProgram } from "../command-line.js";
import { checkApplication } from "./application-check.js";
import type { Linked } from "./link.js";
import { addBoardOptions, type BoardChoice, chooseBoard } from "./board.js";
import { describeIgnored, findEsp32Sdk } from "./sdk.js";

/** Bytes of a pointer on the chip. */
const POINTER_LENGTH = 4;

const program = addBoardOptions(
  new Command("npm run check:esp32 --").description(
    "Links the JavaScript of examples/minimal for a board with the Moddable SDK, without ESP-IDF, and checks the result.",
  ),
).action(check);

await runProgram(program);

function check({ partitions: table, ...choice }: BoardChoice & { readonly partitions: string }): void {
  const sdk = findEsp32Sdk(process.env);
  const { board, chip } = chooseBoard(sdk, choice);
  say("sdk", `Moddable ${sdk.version}, esp32/${board}`);
  say(
    "chip",
    `${chip.name}, id ${chip.id}, boot loader at ${hex(chip.bootLoaderOffset)}, partition table at ${hex(TABLE_ADDRESS)}${describeFlash(chip)}`,
  );
  const ignored = describeIgnored(process.env);
  if (ignored !== undefined) say("ignored", ignored);
  const { linked, settings, partitions, room } = checkApplication({ sdk, board, version: "0.1.0", table });
  sayLinked(linked);
  say("engine", describeEngine(chip, linked.creation));
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
  const { romSlots, aliases, creation } = figures;
  say(
    "modules",
    `${modules.size} linked, ${preloaded.size} preloaded; ${count(bytes)} bytes of bytecode, ours ${count(own)}`,
  );
  say(
    "rom",
    `${count(romSlots)} slots, ${count(romSlots * SLOT_LENGTH)} bytes; ${aliases} aliases, ${aliases * POINTER_LENGTH} bytes of RAM`,
  );
  say("ram", `${describeCreation(creation)}, ${creation.stackSlots} slots of stack`);
}

function describeCreation({ staticBytes, chunkBytes, slots }: Creation): string {
  if (staticBytes === 0) return `${count(chunkBytes.initial)} bytes of chunks, ${count(slots.initial)} slots`;
  return `${count(staticBytes)} bytes that stack, chunks and slots share`;
}

function describeFlash({ sdk }: Chip): string {
  return sdk === undefined ? "" : `, ${sdk.flashMegabytes} MB of flash in the SDK`;
}

/** Compares the sizes of this board with those that the simulated board has for its chip. */
function describeEngine(chip: Chip, creation: Creation): string {
  if (!hasSdkTarget(chip)) return `ota-device run --engine xs has no ${chip.name}`;
  const simulated = `ota-device run --engine xs --chip ${targetNameOf(chip)}`;
  const theirs = { ...chip.sdk.creation, stackSlots: STACK_SLOTS };
  if (isSameHeap(theirs, creation) && theirs.stackSlots === creation.stackSlots)
    return `${simulated} has the same memory`;
  return `${simulated} has other memory: ${describeCreation(theirs)}, ${theirs.stackSlots} slots of stack`;
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
