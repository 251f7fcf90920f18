import { SLOT_LENGTH } from "../../hal/boards/family/creation.js";
import { ESP32_HEAP, measureHeap, sealHeap } from "../../hal/boards/xs/heap.js";
import { buildXsHost } from "../../hal/boards/xs/host/build.js";
import { loaderSource } from "../../hal/boards/xs/loader.js";
import { XsWorker } from "../../hal/boards/xs/worker.js";
import { bundleText } from "./built.js";
import { readHeader } from "./unpack.js";

/** What it costs the XS engine to make the result of a package, beside a buffer of one block. */
export interface UnpackingCost {
  readonly result: Uint8Array;
  readonly bytecodes: number;
  /** Bytes alive at the worst moment, with slots as an ESP32 counts them. */
  readonly liveBytes: number;
  /** Slots of stack in all. */
  readonly stackSlots: number;
  /** Slots that were made, garbage included. */
  readonly slotsMade: number;
}

/** Calls into the host, three words: which, where, how many bytes. What is read goes into the engine's own buffer. */
const BASE = 0;
const RESULT = 1;
const PACKAGE = 2;
const WRITE = 3;
/** The calls that C makes: which, then the count of bytes and where, as doubles. */
const BASE_IN_C = 4;
const RESULT_IN_C = 5;

/**
 * Runs inside of the engine, from its source text. The board's buffer of one block is there already. Flash and network
 * are the host's, and what it costs here to reach them is taken out of the counts, as it is C on a chip.
 */
const GUEST = `
import { createRecordDecoder, HeaderReader, isStored, recordLength } from "parts";
const block = new Uint8Array(4096);
const call = new Uint32Array(3);
let decoder, header, next = 0, offset = 0;
function exchange(which, byteOffset, from, into) {
  const before = meter();
  call[0] = which; call[1] = byteOffset; call[2] = (from ?? into).byteLength;
  issueCommand(call.buffer, from, into);
  meter(before);
}
const isNative = NATIVE;
const slot = (which) => Uint8Array.of(which, 0, 0, 0).buffer;
if (isNative) slotRequests(slot(${BASE_IN_C}), slot(${RESULT_IN_C}));
const sources = {
  readBase: (byteOffset, into) => exchange(${BASE}, byteOffset, undefined, into),
  readResult: (byteOffset, into) => exchange(${RESULT}, byteOffset, undefined, into),
};
export function handleCommand() {
  if (decoder === undefined) {
    const reader = new HeaderReader({ maxResultLength: 1 << 22 });
    while (reader.header === undefined) {
      exchange(${PACKAGE}, offset, undefined, block);
      offset += reader.push(block);
    }
    header = reader.header;
    const native = isNative ? { decodeBlock } : undefined;
    decoder = createRecordDecoder({ ...header, block, sources, baseLength: header.base?.length ?? 0, native });
    return;
  }
  const end = Math.min(4096, header.resultLength - next * 4096);
  const length = recordLength(header.index, next);
  const stored = isStored(header.index, next);
  exchange(${PACKAGE}, offset, undefined, (stored ? block : decoder.record).subarray(0, length));
  if (!stored) decoder.decode(length, next * 4096, end);
  exchange(${WRITE}, next * 4096, block.subarray(0, end), undefined);
  offset += length;
  next++;
}
`;

/**
 * XS counts two bytecodes for each byte that a built-in copies, although it interprets none. This takes them out, but
 * for the call itself.
 */
const UNCOUNTED = `
const TypedArray = Object.getPrototypeOf(Uint8Array).prototype;
for (const name of ["copyWithin", "set"]) {
  const native = TypedArray[name];
  TypedArray[name] = function (one, two, three) {
    const before = meter();
    native.call(this, one, two, three);
    meter(before);
  };
}
`;

/**
 * Makes the result of a package in the engine, in the heap of an ESP32.
 *
 * @param options.stride garbage is collected at every so many allocations, which shows what is alive; if absent, when
 * the heap is full
 * @param options.blocks only so many blocks; all if absent
 * @param options.native by the C of the board
 * @throws Error with the message of what the decoder throws
 */
export async function unpackOnXs(
  bytes: Uint8Array,
  base: Uint8Array,
  options: { readonly stride?: number; readonly blocks?: number; readonly native?: boolean } = {},
): Promise<UnpackingCost> {
  const { binary } = await buildXsHost();
  const header = readHeader(bytes);
  const { stride = 0, blocks = header.blocks, native = false } = options;
  const result = new Uint8Array(header.resultLength);
  const worker = new XsWorker({
    binary,
    onCall: (message) => {
      const which = message.readUInt32LE(0);
      const inC = which >= BASE_IN_C;
      const length = inC ? message.readDoubleLE(4) : message.readUInt32LE(8);
      const byteOffset = inC ? message.readDoubleLE(12) : message.readUInt32LE(4);
      if (which === WRITE) {
        result.set(message.subarray(12), byteOffset);
        return new Uint8Array(0);
      }
      const from = which === PACKAGE ? bytes : which === BASE || which === BASE_IN_C ? base : result;
      const filled = Buffer.alloc(5 + length);
      filled.writeUInt32LE(length, 1);
      filled.set(from.subarray(byteOffset, byteOffset + length), 5);
      return filled;
    },
  });
  try {
    await worker.evaluate(UNCOUNTED);
    await worker.evaluate(
      loaderSource({ parts: bundleText("parts", "parts"), main: GUEST.replace("NATIVE", String(native)) }, "main"),
    );
    await sealHeap(worker, ESP32_HEAP);
    await measureHeap(worker, stride);
    const idle = await measureHeap(worker);
    for (let turn = 0; turn <= blocks; turn++) await worker.command(() => Uint8Array.of(0));
    const end = await measureHeap(worker);
    return {
      result,
      bytecodes: end.meter - idle.meter,
      liveBytes:
        (end.peakTogether.slots - idle.slots.live) * SLOT_LENGTH + end.peakTogether.chunkBytes - idle.chunkBytes.live,
      stackSlots: end.stack.peak,
      slotsMade: end.slotsMade,
    };
  } finally {
    worker.kill();
  }
}
