import { profileOf } from "../model/profiles.js";
import { FILE_PORT } from "../model/run.js";
import type { Figure, Row } from "./figure.js";
import { cleanUpdate, MIB } from "./updates.js";

const SHARE_PERCENT = 1;

export const WIRE: Figure = {
  name: "wire",
  measure: () => ["lab", "wan", "nb-iot"].map(rowOf),
};

/** Bytes from power-on to the pending image, in both directions, without those of TLS, TCP and IP. */
function rowOf(profile: string): Row {
  const { trace } = cleanUpdate(profileOf(profile));
  const beyond = trace.bytes(false, FILE_PORT) + trace.bytes(true, FILE_PORT) - MIB;
  return {
    name: `MQTT and HTTP bytes beyond the image, ${profile}`,
    value: (100 * beyond) / MIB,
    unit: "%",
    goal: SHARE_PERCENT,
  };
}
