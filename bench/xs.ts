import { parseArgs } from "node:util";
import { MissingPrerequisite } from "../hal/boards/xs/host/missing-prerequisite.js";
import { SLOT_LENGTH } from "../hal/boards/family/creation.js";
import { ESP32_HEAP, type HeapSize } from "../hal/boards/xs/heap.js";
import { measureSubDevices } from "../test/support/sub-device-cost.js";
import { measureUpdate, type UpdateCost } from "../test/support/update-cost.js";
import { printPackages } from "./package-table.js";
import { printSeal } from "./seal-table.js";
import { printStack, printTlsStack } from "./stack-table.js";

const KIB = 1024;
const BLOCK = 4 * KIB;
const SIZES = [256 * KIB, 1024 * KIB, 1536 * KIB];
/** Count of sub-devices behind the gateway. */
const SUB_DEVICES = 200;
/** Bytes of the image that the budgets in package.json apply to. */
const BUDGETED_SIZE = 1024 * KIB;
/**
 * Allocations between two forced collections. No measurement with this value has differed from one with 1, and it takes
 * a tenth of the time.
 */
const STRIDE = 7;
/** Precision of the search for the smallest heap. */
const NEAR = { slots: 32, chunkBytes: 512 };

const HELP = `Measures what an update costs XS in memory and bytecodes, with the bundle that ships and in the heap of an ESP32.

usage: npm run bench:xs [-- [--json] [--exact] [--seal] [--packages] [--stack]]

  --json    end with one line of JSON: peakHeapBytes and bytecodesPerByte of the update of 1 MiB, stackSlots,
            and with an SDK tlsStackSlots; verificationBytecodes and verificationHeapBytes of one signature;
            packageHeapBytes, beyond a whole image, and packageStackSlots of updates by packages
  --exact   collect at every allocation instead of every ${STRIDE}th: minutes instead of one
  --seal    only the tables of signatures and sealed updates
  --packages only the table of updates by packages
  --stack   only the tables of the stack

Each size is downloaded twice over plain TCP, from the offer until the restart into the new image.
The first run forces collections. The peak is the most that is alive at any of them, minus what the idle agent needs. A slot
counts as 16 bytes, as on an ESP32; a chunk counts as on this host, where some chunks are larger.
The second run collects as on a chip, when the heap is full. Its numbers include garbage: they show how much of the heap is
touched, not how much is needed. Bytecodes are XS's own count, without the JavaScript that replaces the board's C modules here.
The lines below the table check the peak in another way. They show the smallest heap in which the whole run passes, from
power-on, and the sum of idle and peak. The line after them is for a gateway: what each sub-device costs that is online and
has nothing to do, without its link.
Two tables are about seals, for a board without native code for signatures. One shows what the verification of one signature takes,
the most of eight. The other one compares an update that is sealed with one that is not: its signature is verified twice, before
the download and from flash.
One table is about packages: a delta between two versions of a program that differ a little, one between two that differ much, and
a compressed image, decoded in JavaScript; and the first of them decoded by the board's C, whose own time is in no bytecode.
The last table is about the stack. For each kind of call into the engine it shows the most slots that a call took, in a plain
update, in one with faults, with plans and an MCU, and with a gateway, and what the deepest call did. A frame counts as in the
SDK's XS 17, which has two slots less than here.

If MODDABLE is set to the folder of a Moddable SDK, a second table of the stack follows. There the broker and the file server use
TLS, and the agent runs with the SDK's own TLS, in JavaScript and C, on the SDK's own XS. Beside each figure is the one over plain
TCP on the same engine. The column "connections" is for suites other than ECDHE-RSA-AES128-GCM-SHA256, for a device with a
certificate, and for a broker that is not trusted. Then follow the functions that are on the stack in the deepest call. This takes
two minutes, and the first time it also builds the engine.
`;

interface Row {
  readonly byteLength: number;
  readonly live: UpdateCost;
  readonly free: UpdateCost;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: "boolean" },
      exact: { type: "boolean" },
      seal: { type: "boolean" },
      stack: { type: "boolean" },
      packages: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return;
  }
  if (values.seal === true) {
    await printSeal(BUDGETED_SIZE, values.exact === true ? 1 : STRIDE);
    return;
  }
  if (values.packages === true) {
    await printPackages(BUDGETED_SIZE, values.exact === true ? 1 : STRIDE);
    return;
  }
  if (values.stack === true) {
    await printStack();
    await printTlsStack();
    return;
  }
  const rows: Row[] = [];
  for (const byteLength of SIZES) {
    const live = await measureUpdate({ byteLength, stride: values.exact === true ? 1 : STRIDE });
    rows.push({ byteLength, live, free: await measureUpdate({ byteLength, stride: 0 }) });
  }
  printTable(rows);
  const budgeted = rows.find(({ byteLength }) => byteLength === BUDGETED_SIZE) as Row;
  const smallest = { ...ESP32_HEAP, slots: await smallestHeap("slots"), chunkBytes: await smallestHeap("chunkBytes") };
  const { live: cost } = budgeted;
  console.log(
    `smallest heap that passes: ${inWords(smallest)}; ${(await passes(smallest)) ? "both at once too" : "not both at once"}`,
  );
  console.log(
    `idle and peak together:    ${inWords({ slots: cost.idleSlots + cost.liveSlots, chunkBytes: cost.idleChunkBytes + cost.liveChunkBytes })}`,
  );
  const { bytesEach, slotsEach, chunkBytesEach } = await measureSubDevices(SUB_DEVICES);
  console.log(
    `each of ${SUB_DEVICES} idle sub-devices: ${bytesEach} bytes, ${slotsEach} slots and ${chunkBytesEach} bytes of chunks`,
  );
  const verification = await printSeal(BUDGETED_SIZE, values.exact === true ? 1 : STRIDE);
  const packages = await printPackages(BUDGETED_SIZE, values.exact === true ? 1 : STRIDE);
  const stackSlots = await printStack();
  const tlsStackSlots = await printTlsStack();
  if (values.json === true) {
    const { live, free } = budgeted;
    console.log(
      JSON.stringify({
        peakHeapBytes: live.liveBytes,
        bytecodesPerByte: perByte(free, BUDGETED_SIZE),
        subDeviceBytes: bytesEach,
        verificationBytecodes: verification.bytecodes,
        verificationHeapBytes: verification.liveBytes,
        packageHeapBytes: packages.moreBytes,
        packageStackSlots: packages.stackSlots,
        stackSlots,
        tlsStackSlots,
      }),
    );
  }
}

function printTable(rows: readonly Row[]): void {
  const line = (...cells: readonly (string | number)[]): void =>
    console.log(
      cells.map((cell, index) => (index === 0 ? String(cell).padEnd(34) : String(cell).padStart(10))).join(""),
    );
  const each = (label: string, value: (row: Row) => string | number): void => line(label, ...rows.map(value));
  each("image, KiB", ({ byteLength }) => byteLength / KIB);
  each("peak over idle, bytes", ({ live }) => live.liveBytes);
  each(`  slots of ${SLOT_LENGTH} bytes`, ({ live }) => live.liveSlots);
  each("  bytes of chunks", ({ live }) => live.liveChunkBytes);
  each("with garbage: slots", ({ free }) => free.slotsWithGarbage);
  each("with garbage: bytes of chunks", ({ free }) => free.chunkBytesWithGarbage);
  line("slots per 4 KiB, all in all", ...rows.map((_, index) => slotsPerBlock(rows, index)));
  each("collections", ({ free }) => free.collections);
  each("stack in all, slots", ({ live, free }) => Math.max(live.stackSlots, free.stackSlots));
  each("XS bytecodes per byte", ({ byteLength, free }) => perByte(free, byteLength));
}

function inWords({ slots, chunkBytes }: Pick<HeapSize, "slots" | "chunkBytes">): string {
  return `${slots} slots, ${chunkBytes} bytes of chunks`;
}

/** Bisects one limit, while the other one is that of an ESP32. */
async function smallestHeap(which: keyof typeof NEAR): Promise<number> {
  let fails = 0;
  let enough = ESP32_HEAP[which];
  while (enough - fails > NEAR[which]) {
    const middle = Math.floor((enough + fails) / 2);
    if (await passes({ ...ESP32_HEAP, [which]: middle })) enough = middle;
    else fails = middle;
  }
  return enough;
}

async function passes(heap: HeapSize): Promise<boolean> {
  try {
    await measureUpdate({ byteLength: BUDGETED_SIZE, stride: 0, heap });
    return true;
  } catch (error) {
    if ((error as Error).message.includes("memory full")) return false;
    throw error;
  }
}

/**
 * @returns the slots that one more block of an image costs, from one size to the next, including the reports and
 * records of that time
 */
function slotsPerBlock(rows: readonly Row[], index: number): string | number {
  const [less, more] = [rows[index - 1], rows[index]];
  if (less === undefined || more === undefined) return "";
  return Math.round((more.free.slotsMade - less.free.slotsMade) / ((more.byteLength - less.byteLength) / BLOCK));
}

function perByte({ bytecodes }: UpdateCost, byteLength: number): number {
  return Math.round((bytecodes / byteLength) * 1000) / 1000;
}

main().catch((error: unknown) => {
  const wrong =
    error instanceof MissingPrerequisite || (error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS") === true;
  console.error(wrong ? `bench:xs: ${(error as Error).message}` : error);
  process.exitCode = wrong ? 2 : 1;
});
