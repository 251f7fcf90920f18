import type { Behaviour, HttpAnswer, Outcome, Packing } from "./scenario.js";
import { HTTP_BEHAVIOURS, MQTT_BEHAVIOURS } from "./table.js";

const ONCE: Outcome = { report: "done", requests: 1, offsets: ["start"] };
const HALF: HttpAnswer = { breaks: { in: "body", share: 0.5, then: "end" } };
const MALFORMED = "fail -5 package-malformed: ";
const WRONG_BASE = "fail -5 wrong-base: ";
const MISMATCH = "fail -4 md5 not match";

/**
 * What is different if the file is a package. After a restart its header is asked for before the rest, or before it is
 * known that all is there already.
 */
const OTHERWISE: { readonly [name: string]: Partial<Outcome> } = {
  "an image for another chip": { report: "fail -5 package for chip 9, this is 0" },
  "an image of another version": { report: "fail -5 package that makes version 9.9.9" },
  "an application that stops the agent at `downloading 100`, and a restart": { requests: 3 },
  "an application that stops the agent at `burning`, and a restart": { requests: 2 },
};

/** The same for one of both, because their lengths differ. */
const BY_PACKING: { readonly [packing in Packing]: typeof OTHERWISE } = {
  delta: {
    "answers of at most 100 bytes, more of them than tries": { requests: 44 },
    "a power cut, and another package of the same length and name": { requests: 3 },
  },
  compressed: {
    "a power cut, and answers of at most 50 bytes while the header is read, more of them than tries": { requests: 15 },
    "answers of at most 100 bytes, more of them than tries": { requests: 45 },
    "an application that stops the agent at `downloading 40`, and a restart": { requests: 3 },
    // It is asked for the rest, which is far behind the header, and sends all once more.
    "a power cut, and a server without ranges from then on": { requests: 3 },
  },
};

/** No package makes it. */
const NOT_PACKED = ["an image of no byte"];

/** What can happen to packages alone. */
const OWN: readonly Behaviour[] = [
  { name: "a package in pieces of 17 bytes", http: [{ pace: { bytes: 17, everyMs: 3 } }], ends: ONCE },
  ...[0.005, 0.02, 0.03, 0.05, 0.3, 0.7, 0.95].map(
    (share): Behaviour => ({
      name: `a package that breaks off after ${share} of it, and goes on there`,
      http: [{ breaks: { in: "body", share, then: "end" } }],
      ends: { report: "done", requests: 2, offsets: ["start", "later"] },
    }),
  ),
  { name: "a record that cannot be decoded", content: "hostile", ends: { report: MALFORMED, requests: 1 } },
  {
    name: "a record that cannot be decoded, after a resume and always",
    content: "hostile",
    http: [HALF],
    ends: { report: MALFORMED, requests: 3, offsets: ["start", "later", "start"] },
  },
  {
    name: "a record that cannot be decoded, on its way once",
    http: [HALF, { file: "hostile", fields: { ETag: null } }],
    ends: { report: "done", requests: 3, offsets: ["start", "later", "start"] },
  },
  { name: "a delta from another base", content: "strayed", ends: { report: WRONG_BASE, requests: 1 } },
  {
    name: "a power cut, and another package of the same length and name",
    incidents: [{ at: "downloading 40", do: "cut-power" }],
    http: [{}],
    always: { file: "other", fields: { ETag: null } },
    ends: { report: MISMATCH, requests: 4 },
  },
  {
    name: "a power cut when all is there, and nobody listens when the header is asked for once more",
    incidents: [{ at: "burning", do: "cut-power" }],
    http: [{}, { connect: "refused" }],
    ends: { report: "done", requests: 2 },
  },
  {
    name: "a power cut when all is there, and a header that breaks off",
    incidents: [{ at: "burning", do: "cut-power" }],
    http: [{}, { stopsAfter: 100 }, { stopsAfter: 200 }],
    ends: { report: "done", requests: 4, offsets: ["start", "start", "later", "later"] },
  },
  {
    name: "a power cut, and answers of at most 50 bytes while the header is read, more of them than tries",
    incidents: [{ at: "downloading 40", do: "cut-power" }],
    http: [{}, ...Array.from({ length: 12 }, () => ({ stopsAfter: 50 }))],
    ends: { report: "done", requests: 14 },
  },
  {
    name: "a power cut, and a server without ranges from then on",
    incidents: [{ at: "downloading 40", do: "cut-power" }],
    http: [{}],
    always: { ignoresRange: true },
    ends: { report: "done", requests: 2 },
  },
  {
    name: "two power cuts, and the same file of another ETag each time",
    incidents: [
      { at: "downloading 20", do: "cut-power" },
      { at: "downloading 50", do: "cut-power" },
    ],
    http: Array.from({ length: 8 }, (_, index) => ({
      pace: { bytes: 600, everyMs: 400 },
      fields: { ETag: `"${index}"` },
    })),
    // After the first cut all is begun anew. After the second one nobody heeds the tags any more.
    ends: { report: "done", requests: 5, offsets: ["start", "start", "start", "start", "later"] },
  },
];

/** The table, with files that are packages: whatever happens on the way is to end as with whole images. */
export function packedBehaviours(packed: Packing): readonly Behaviour[] {
  return [...HTTP_BEHAVIOURS, ...MQTT_BEHAVIOURS, ...OWN]
    .filter(({ name, small }) => small !== true && !NOT_PACKED.includes(name))
    .map(({ ends, ...behaviour }) => ({
      ...behaviour,
      packed,
      ends: { ...ends, ...OTHERWISE[behaviour.name], ...BY_PACKING[packed][behaviour.name] },
    }));
}

/** Names of the behaviours that only packages have. */
export const OWN_NAMES: readonly string[] = OWN.map(({ name }) => name);
