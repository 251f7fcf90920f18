import { SeededRandom } from "../support/seed.js";

/*
 * What a cut inside one operation leaves in flash: a fixed function of the operation and the mode, so that a run
 * repeats. The first four are those that NVS and otadata are made for; in a slot all six can happen.
 */
const PROGRAM_MODES = ["before", "after", "early", "late", "lines", "bits"] as const;
const ERASE_MODES = ["before", "after", "front", "back", "mixed", "mixed"] as const;
const LINE_LENGTH = 16;

export function tornProgram(flash: Uint8Array, address: number, wanted: Uint8Array, mode: number): void {
  const name = PROGRAM_MODES[mode % PROGRAM_MODES.length];
  const random = new SeededRandom(address * 31 + mode);
  const length = wanted.byteLength;
  if (name === "before") return;
  if (name === "bits") {
    for (let index = 0; index < length; index++) {
      and(flash, address + index, (wanted[index] as number) | random.integer(0, 256));
    }
    return;
  }
  const reached =
    name === "after" ? length : name === "early" ? random.integer(0, Math.min(length, 64)) : random.integer(0, length);
  const end = name === "lines" ? reached - (reached % LINE_LENGTH) : reached;
  for (let index = 0; index < end; index++) and(flash, address + index, wanted[index] as number);
}

export function tornErase(flash: Uint8Array, address: number, byteLength: number, mode: number): void {
  const name = ERASE_MODES[mode % ERASE_MODES.length];
  const half = address + byteLength / 2;
  const end = address + byteLength;
  switch (name) {
    case "after":
      flash.fill(0xff, address, end);
      return;
    case "front":
      flash.fill(0xff, address, half);
      return;
    case "back":
      flash.fill(0xff, half, end);
      return;
    case "mixed": {
      const random = new SeededRandom(address * 37 + mode);
      for (let at = address; at < end; at++) flash[at] = (flash[at] as number) | random.integer(0, 256);
      return;
    }
  }
}

function and(flash: Uint8Array, at: number, byte: number): void {
  flash[at] = (flash[at] as number) & byte;
}
