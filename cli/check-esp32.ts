#!/usr/bin/env node
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { runProgram } from "./command-line.js";
import { checkModules, checkPartitions, checkSettings, checkStack, link, type Linked } from "./esp32-link.js";
import { checkBoard, findEsp32Sdk } from "./esp32-sdk.js";

/** Bytes of a slot and of a pointer on the chip. */
const SLOT_LENGTH = 16;
const POINTER_LENGTH = 4;

const program = new Command("npm run check:esp32 --")
  .description("Links examples/minimal for an ESP32 by the Moddable SDK, without ESP-IDF, and checks what comes out.")
  .option("--board <name>", "board of the SDK", "nodemcu")
  .action(check);

await runProgram(program);

function check({ board }: { readonly board: string }): void {
  const sdk = findEsp32Sdk(process.env);
  checkBoard(sdk, board);
  const output = mkdtempSync(join(tmpdir(), "moddable-ota-esp32-"));
  try {
    const linked = link(sdk, board, output);
    say("sdk", `Moddable ${sdk.version}, esp32/${board}`);
    checkStack(linked);
    checkModules(linked);
    sayLinked(linked);
    say("sdkconfig", checkSettings(linked.sdkconfig).join(", "));
    for (const { label, offset, size } of checkPartitions(linked.partitions)) {
      say("partition", `${label.padEnd(8)} ${hex(offset).padEnd(9)} ${hex(size)}`);
    }
    say("ok", "all JavaScript links; native code was not compiled");
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}

function sayLinked({ modules, preloaded, ...figures }: Linked): void {
  const bytes = [...modules.values()].reduce((sum, size) => sum + size, 0);
  const own = (modules.get("moddable-ota") ?? 0) + (modules.get("moddable-ota/device") ?? 0);
  const { romSlots, aliases, chunkBytes, heapSlots, stackSlots } = figures;
  say("modules", `${modules.size} linked, ${preloaded.size} preloaded; ${count(bytes)} bytes of bytecode, ours ${count(own)}`);
  say("rom", `${count(romSlots)} slots, ${count(romSlots * SLOT_LENGTH)} bytes; ${aliases} aliases, ${aliases * POINTER_LENGTH} bytes of RAM`);
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
