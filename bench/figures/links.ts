import { boundMs } from "../bounds.js";
import { type LinkSettings, ROOMY, SDK_C3, SDK_ESP32, SHIPPED } from "../model/link-settings.js";
import { INSTANT_FLASH, PROFILES, profileOf } from "../model/profiles.js";
import type { Figure, Row } from "./figure.js";
import { cleanUpdate, meanUpdateMs, MIB } from "./updates.js";

/** The window of the package with everything else as the SDK sets it. */
const WINDOW_ALONE: LinkSettings = { ...SDK_C3, name: "window of 17,232 alone", windowBytes: SHIPPED.windowBytes };
/** Bytes of RAM that a frame takes, in a static buffer (ESP-IDF's Kconfig) and about as much in the heap. */
const FRAME_LENGTH = 1_600;
const FRAGMENT_LENGTHS = [16_384, 4_096] as const;

/** What the settings of lwIP and of the Wi-Fi driver are worth, and what they cost. */
export const LINKS: readonly Figure[] = [
  { name: "settings", measure: () => [SDK_C3, SDK_ESP32, ROOMY].flatMap(rowsOf) },
  { name: "window-alone", measure: () => alone() },
  { name: "ideal", measure: () => ideal() },
  { name: "parts", measure: () => parts() },
  { name: "receive-memory", measure: () => memory() },
];

function rowsOf(settings: LinkSettings): Row[] {
  return PROFILES.map((profile) => ({
    name: `update of 1 MiB, ${settings.name}, ${profile.name}`,
    value: meanUpdateMs(profile, { settings }),
    unit: "ms",
    bound: boundMs(profile, MIB, settings),
  }));
}

function alone(): Row[] {
  return ["wifi", "wan", "4g-cat1"].map(profileOf).map((profile) => ({
    name: `update of 1 MiB, ${WINDOW_ALONE.name}, ${profile.name}`,
    value: meanUpdateMs(profile, { settings: WINDOW_ALONE }),
    unit: "ms",
  }));
}

/** Each byte that is read opens the window, and the network goes on while flash is busy. */
function ideal(): Row[] {
  return PROFILES.map((profile) => ({
    name: `update of 1 MiB, a window that opens with each byte, ${profile.name}`,
    value: meanUpdateMs(profile, { ideal: true }),
    unit: "ms",
    bound: boundMs(profile, MIB),
  }));
}

/** What is left without the flash, and without the losses. */
function parts(): Row[] {
  const lossless = { ...profileOf("4g-cat1").link, lossEvery: undefined };
  return [
    ...["wan", "4g-cat1"].map(profileOf).map((profile) => ({
      name: `update of 1 MiB, a flash that takes no time, ${profile.name}`,
      value: meanUpdateMs({ ...profile, flash: INSTANT_FLASH }),
      unit: "ms",
    })),
    {
      name: "update of 1 MiB, no losses, 4g-cat1",
      value: meanUpdateMs({ ...profileOf("4g-cat1"), link: lossless }),
      unit: "ms",
    },
  ];
}

function memory(): Row[] {
  const held = (settings: LinkSettings): number =>
    FRAME_LENGTH * (settings.staticBuffers + Math.ceil(settings.windowBytes / settings.mss));
  return [
    ...[SDK_C3, SDK_ESP32, SHIPPED, ROOMY].map((settings) => ({
      name: `frames of one connection at most, ${settings.name}`,
      value: held(settings),
      unit: "bytes",
    })),
    ...FRAGMENT_LENGTHS.map((fragmentLength) => ({
      name: `TLS record of ${fragmentLength / 1024} KiB that is gathered`,
      value: cleanUpdate(profileOf("lab"), { fragmentLength }).trace.recordLength,
      unit: "bytes",
    })),
    {
      name: "frames that found no buffer, as shipped",
      value: Math.max(...PROFILES.map((profile) => cleanUpdate(profile).lostFrames)),
      unit: "frames",
    },
  ];
}
