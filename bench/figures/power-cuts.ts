import {
  BLOCK_LENGTH,
  INSTANT_FLASH,
  type Profile,
  profileOf,
  PROFILES,
  readMs,
  SECTOR_LENGTH,
} from "../model/profiles.js";
import { FILE_PORT, type TimedBoot, TimedRun } from "../model/run.js";
import { SLOT_0_ADDRESS } from "../../test/fault/sim-chip.js";
import type { Figure, Row } from "./figure.js";

/** Three regions of 64 KiB; the last one is not full. */
const SWEPT_LENGTH = 2 * BLOCK_LENGTH + 5 * SECTOR_LENGTH + 16;
const MODES = 6;
const RESUMED_LENGTH = 8 * BLOCK_LENGTH;
/** Address of the second slot of a chip whose slots have exactly that length. */
const TARGET_ADDRESS = SLOT_0_ADDRESS + RESUMED_LENGTH;
/** A cut in the fifth region. */
const RESUMED_CUT = { operation: 130, mode: 3 };
/** Round trips before an offer can come: name, TCP, CONNECT, SUBSCRIBE, version report. */
const ROUND_TRIPS_TO_OFFER = 5;
/** Further round trips to the file: name, TCP, TLS, request. A read of one block may be running at each answer. */
const ROUND_TRIPS_TO_FILE = 5;

export const POWER_CUTS: readonly Figure[] = [
  { name: "power-cut", measure: () => sweep() },
  { name: "first-byte", measure: () => PROFILES.flatMap(resumption) },
];

/**
 * Cuts the power inside each change to the chip's flash in turn. The number of the change selects how the cut is made.
 */
function sweep(): Row[] {
  const profile = profileOf("wifi");
  let [cuts, again] = [0, 0];
  for (let operation = 0; ; operation++) {
    const { boots } = TimedRun.go({ profile, byteLength: SWEPT_LENGTH, cut: { operation, mode: operation % MODES } });
    const [first, second] = boots;
    if (first === undefined || second === undefined) break;
    cuts++;
    // After a cut behind the last block there is no further request.
    if (second.requests.length > 0) again = Math.max(again, first.storedEnd - (second.requests[0] as number));
  }
  return [
    { name: "power cuts tried, one inside each change", value: cuts, unit: "cuts" },
    { name: "stored bytes fetched again after a power cut", value: again, unit: "bytes", goal: SECTOR_LENGTH },
  ];
}

/**
 * Compares the boot after a cut with the same boot of a chip whose flash takes no time. The difference is the time that
 * flash operations add to the round trips of the protocols.
 */
function resumption(profile: Profile): Row[] {
  const resumed = secondBoot(profile);
  const instant = secondBoot({ ...profile, flash: INSTANT_FLASH });
  const value = (resumed.firstByteMs ?? Infinity) - (instant.firstByteMs ?? 0);
  return [
    {
      name: `from boot to the first new byte, beyond the round trips, ${profile.name}`,
      value,
      unit: "ms",
      goal: busyMs(profile),
      goalIsBound: true,
    },
    {
      name: `stored bytes read back before the first new one is stored, ${profile.name}`,
      value: missed(resumed),
      unit: "bytes missed",
      goal: 0,
    },
  ];
}

/**
 * Milliseconds of reading that the round trips cannot hide. That is the part of the search for a region's last block
 * that takes longer than the round trips to the offer. If reading back takes longer than a round trip, one read of a
 * block is added for each answer on the way to the file.
 */
function busyMs({ flash, link }: Profile): number {
  const searchMs = readMs(flash, BLOCK_LENGTH);
  const readBackMs = readMs(flash, RESUMED_LENGTH);
  const left = Math.max(0, searchMs - ROUND_TRIPS_TO_OFFER * link.roundTripMs);
  return left + (readBackMs > link.roundTripMs ? ROUND_TRIPS_TO_FILE * flash.readMs : 0);
}

function secondBoot(profile: Profile): TimedBoot {
  return TimedRun.go({ profile, byteLength: RESUMED_LENGTH, cut: RESUMED_CUT }).last;
}

/** Bytes before the resume point that were not read before the first block was programmed. */
function missed({ trace, requests }: TimedBoot): number {
  const programs = trace.flash.findIndex(({ kind }) => kind === "program");
  const requested = trace.wire.find(({ port, direction }) => port === FILE_PORT && direction === "out");
  const resumeAddress = TARGET_ADDRESS + (requests[0] ?? 0);
  // Each block counts once. The blocks that the search for the resume point has read lie behind that point.
  const read = new Set<number>();
  for (const { kind, byteLength, address } of trace.flash.slice(0, programs)) {
    if (kind === "read" && byteLength === SECTOR_LENGTH && address >= TARGET_ADDRESS && address < resumeAddress) {
      read.add(address);
    }
  }
  return requested === undefined ? Infinity : resumeAddress - TARGET_ADDRESS - read.size * SECTOR_LENGTH;
}
