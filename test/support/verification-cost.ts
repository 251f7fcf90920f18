import { SLOT_LENGTH } from "../../hal/boards/family/creation.js";
import { ESP32_HEAP, type HeapStatistics } from "../../hal/boards/xs/heap.js";
import { signerNamed } from "./seals.js";
import { sha256 } from "./p256-cases.js";
import { XsVerifier } from "./xs-verifier.js";

/** What the verification of one signature in BigInt costs the engine. */
export interface VerificationCost {
  readonly bytecodes: number;
  /** Bytes alive at the worst moment: slots, as an ESP32 counts them, and chunks. */
  readonly liveBytes: number;
  readonly liveSlots: number;
  readonly liveChunkBytes: number;
  /** What is alive after it and was not before. */
  readonly keptSlots: number;
  /** Slots that were made, garbage included. */
  readonly slotsMade: number;
  /** Slots in all, in a call from outside of the engine that does nothing else. */
  readonly stackSlots: number;
}

/** Signatures that are verified. The costliest counts: the bits of a signature decide how often points are added. */
const SIGNATURES = 8;
/** See `UpdateCostOptions.stride`. */
const STRIDE = 7;

/** Verifies signatures that are right on XS, in the heap of an ESP32. @returns the most of each */
export async function measureVerification(): Promise<VerificationCost> {
  const verifier = await XsVerifier.start(ESP32_HEAP);
  try {
    const costs: VerificationCost[] = [];
    for (let count = 0; count <= SIGNATURES; count++) {
      const cost = await measureOne(verifier, count);
      // The first one makes what the module keeps.
      if (count > 0) costs.push(cost);
    }
    const most = (of: (cost: VerificationCost) => number): number => Math.max(...costs.map(of));
    return {
      bytecodes: most(({ bytecodes }) => bytecodes),
      liveBytes: most(({ liveBytes }) => liveBytes),
      liveSlots: most(({ liveSlots }) => liveSlots),
      liveChunkBytes: most(({ liveChunkBytes }) => liveChunkBytes),
      keptSlots: most(({ keptSlots }) => keptSlots),
      slotsMade: most(({ slotsMade }) => slotsMade),
      stackSlots: most(({ stackSlots }) => stackSlots),
    };
  } finally {
    verifier.stop();
  }
}

async function measureOne(verifier: XsVerifier, count: number): Promise<VerificationCost> {
  const signer = signerNamed(`signer ${count}`);
  const message = new Uint8Array(140).fill(count);
  const verify = async (): Promise<void> => {
    const hash = sha256(message);
    const right = await verifier.verify(signer.publicKey, hash, signer.sign(message));
    if (!right) throw new Error("a signature that is right is not verified");
  };
  await verifier.measure(STRIDE);
  const before = await verifier.measure();
  await verify();
  const live = await verifier.measure();
  await verifier.measure(0);
  const start = await verifier.measure();
  await verify();
  const free = await verifier.measure();
  return costOf(before, live, start, free);
}

function costOf(
  before: HeapStatistics,
  live: HeapStatistics,
  start: HeapStatistics,
  free: HeapStatistics,
): VerificationCost {
  const liveSlots = live.peakTogether.slots - before.slots.live;
  const liveChunkBytes = live.peakTogether.chunkBytes - before.chunkBytes.live;
  return {
    bytecodes: free.meter - start.meter,
    liveBytes: liveSlots * SLOT_LENGTH + liveChunkBytes,
    liveSlots,
    liveChunkBytes,
    keptSlots: live.slots.live - before.slots.live,
    slotsMade: free.slotsMade - start.slotsMade,
    stackSlots: free.stack.peak,
  };
}
