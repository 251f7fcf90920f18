/**
 * Durations of the chip's operations: typical values of the SPI NOR chips on ESP32 modules. Each operation blocks the
 * one thread.
 */
export interface FlashTimes {
  readonly sectorEraseMs: number;
  readonly blockEraseMs: number;
  /** For each page of 256 bytes that a program touches. */
  readonly pageProgramMs: number;
  /** Milliseconds to read 4 KiB; fewer bytes take proportionally less. */
  readonly readMs: number;
}

/** The line between the board and both servers. */
export interface Link {
  readonly bitsPerSecond: number;
  readonly roundTripMs: number;
  /** One in this many full segments to the board is lost. */
  readonly lossEvery: number | undefined;
  /** How many of them have passed already when the board starts; default 0. */
  readonly lossesBegun?: number;
}

export interface Profile {
  readonly name: string;
  readonly flash: FlashTimes;
  readonly link: Link;
}

export const SECTOR_LENGTH = 4096;
export const BLOCK_LENGTH = 65536;
export const PAGE_LENGTH = 256;
/** Milliseconds that a server needs for an answer. */
export const SERVER_MS = 1;

export const FLASH: FlashTimes = { sectorEraseMs: 45, blockEraseMs: 150, pageProgramMs: 0.6, readMs: 0.46 };
/** A flash that takes no time, for comparison: all time that remains is the network's. */
export const INSTANT_FLASH: FlashTimes = { sectorEraseMs: 0, blockEraseMs: 0, pageProgramMs: 0, readMs: 0 };

export const PROFILES: readonly Profile[] = [
  profile("lab", 100_000_000, 1),
  profile("wifi", 20_000_000, 5),
  profile("wan", 20_000_000, 100),
  profile("4g-cat1", 5_000_000, 60, 100),
  profile("nb-iot", 60_000, 800),
];

function profile(name: string, bitsPerSecond: number, roundTripMs: number, lossEvery?: number): Profile {
  return { name, flash: FLASH, link: { bitsPerSecond, roundTripMs, lossEvery } };
}

export function profileOf(name: string): Profile {
  return PROFILES.find((profile) => profile.name === name) as Profile;
}

/** Milliseconds to erase a range as ESP-IDF does: aligned blocks of 64 KiB at once, the rest by sectors. */
export function eraseMs(flash: FlashTimes, address: number, byteLength: number): number {
  let sum = 0;
  for (let at = address; at < address + byteLength; ) {
    const whole = at % BLOCK_LENGTH === 0 && address + byteLength - at >= BLOCK_LENGTH;
    sum += whole ? flash.blockEraseMs : flash.sectorEraseMs;
    at += whole ? BLOCK_LENGTH : SECTOR_LENGTH;
  }
  return sum;
}

export function programMs(flash: FlashTimes, address: number, byteLength: number): number {
  const pages = Math.ceil((address + byteLength) / PAGE_LENGTH) - Math.floor(address / PAGE_LENGTH);
  return pages * flash.pageProgramMs;
}

export function readMs(flash: FlashTimes, byteLength: number): number {
  return (byteLength / SECTOR_LENGTH) * flash.readMs;
}
