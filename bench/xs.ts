import { parseArgs } from "node:util";
import { MissingPrerequisite } from "../hal/boards/xs/host/missing-prerequisite.js";
import { ESP32_HEAP, type HeapSize, SLOT_LENGTH } from "../hal/boards/xs/heap.js";
import { measureSubDevices } from "../test/support/sub-device-cost.js";
import { measureUpdate, type UpdateCost } from "../test/support/update-cost.js";
import { printStack, printTlsStack } from "./stack-table.js";

const KIB = 1024;
const BLOCK = 4 * KIB;
const SIZES = [256 * KIB, 1024 * KIB, 1536 * KIB];
/** Behind a gateway. */
const SUB_DEVICES = 200;
/** The size that the budgets in package.json are about. */
const BUDGETED_SIZE = 1024 * KIB;
/**
 * Allocations between two forced collections: what it shows differs from 1 by nothing that was ever seen, in a tenth of
 * the time.
 */
const STRIDE = 7;
/** How near the smallest heap is found. */
const NEAR = { slots: 32, chunkBytes: 512 };

const HELP = `What an update costs XS: memory and bytecodes, on the bundle that ships and in the heap of an ESP32.

usage: npm run bench:xs [-- [--json] [--exact] [--stack]]

  --json    end with one line of JSON: peakHeapBytes and bytecodesPerByte of the update of 1 MiB, stackSlots,
            and with an SDK tlsStackSlots
  --exact   collect at every allocation instead of every ${STRIDE}th: minutes instead of one
  --stack   only the tables of the stack

Each size is downloaded twice over plain TCP, from the offer until the restart into it. First with forced collections: the
most that is alive at any of them, over the idle agent, is the peak. (Slots are counted at 16 bytes, as on an ESP32; chunks as
on this host, where some are larger than there.) Then as on a chip, with a collection when the heap is full: what is in use
then includes garbage, up to the limits, and says how much of them is touched, not needed. Bytecodes are XS's own count,
without what stands here for the board's modules in C. The lines below check the first by another way: the smallest heap in
which the whole run passes, from power-on, beside what the sum of idle and peak says. The line after it is of a gateway: what
each sub-device costs that is online and has nothing to do, its link not counted. Last, for each kind of call into the engine,
the most slots of stack that it took, plain, in an own update with faults, with plans and an MCU, and with a gateway; and what
the deepest such call did. A frame is counted as in the SDK's XS 17, which takes two slots less than this host's.

With MODDABLE, the folder of a Moddable SDK, the same follows over the SDK's TLS: the SDK's own JavaScript and C, on its own XS,
against a broker and a file server by TLS. Beside each figure is the one over plain TCP on that engine. The column "connections"
is of other suites than ECDHE-RSA-AES128-GCM-SHA256, of a device with a certificate, and of a broker that is not trusted. Then
come the functions that are on the stack in the deepest call. It takes two minutes, and builds the engine the first time.
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
      stack: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
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
  const stackSlots = await printStack();
  const tlsStackSlots = await printTlsStack();
  if (values.json === true) {
    const { live, free } = budgeted;
    console.log(
      JSON.stringify({
        peakHeapBytes: live.liveBytes,
        bytecodesPerByte: perByte(free, BUDGETED_SIZE),
        subDeviceBytes: bytesEach,
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

/** Bisects one limit, the other left as an ESP32 has it. */
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
 * Between one size and the next: what a block more of an image costs, the reports and records of that time included.
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
