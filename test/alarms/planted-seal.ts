import type { PlantedBug } from "./planted.js";

/** Mistakes with seals, and with the floor below which no image is taken. */
export const PLANTED_SEALS: readonly PlantedBug[] = [
  {
    name: "the seal is not read from flash before the switch",
    file: "src/seal/sealed-target.ts",
    find: "    this.#later(onEnded, () => this.#begin(image, onEnded));",
    replace: "    this.#later(onEnded, () => this.#inner.apply(image, onEnded));",
    caughtBy: { scene: "unsealed-late", says: /becomes pending: an image without a seal/ },
  },
  {
    name: "the image in flash is not compared with the sealed one",
    file: "src/seal/sealed-target.ts",
    find: "    if (!reading.matches()) return",
    replace: "    if (reading.matches() === undefined) return",
    caughtBy: { scene: "exchanged", says: /becomes pending: another image than the sealed one/ },
  },
  {
    name: "a signature that was right before the download is believed at the end",
    file: "src/seal/judge.ts",
    find: "    const failure = signatureFailure(seal, keys, device) ?? contradiction(seal, expected);",
    replace: `    const verified = this.believed === true ? undefined : signatureFailure(seal, keys, device);
    const failure = verified ?? contradiction(seal, expected);
    this.believed = failure === undefined;`,
    caughtBy: { scene: "double-dealing", says: /becomes pending: an image that no trusted key has sealed/ },
  },
  {
    name: "only the first signature counts",
    file: "src/seal/keys.ts",
    find: "  for (const { keyId, signature } of signatures) {",
    replace: "  for (const { keyId, signature } of signatures.slice(0, 1)) {",
    caughtBy: { scene: "sealed", says: /ends with 0\.1\.0 and .*key-unknown/ },
  },
  {
    name: "only the first trusted key counts",
    file: "src/seal/keys.ts",
    find: "    for (const { id, point } of keys) {",
    replace: "    for (const { id, point } of keys.slice(0, 1)) {",
    caughtBy: { scene: "sealed", says: /ends with 0\.1\.0 and .*key-unknown/ },
  },
  {
    name: "the product is not compared",
    file: "src/seal/checks.ts",
    find: "  if (sealed.product !== product) {",
    replace: '  if (sealed.product === "") {',
    caughtBy: { scene: "foreign", says: /becomes pending: an image for something else/ },
  },
  {
    name: "the floor is raised before the confirmation",
    file: "src/agent/wiring.ts",
    find: "    if (!this.firmware.onTrial) this.#guards?.confirmed();",
    replace: "    this.#guards?.confirmed();",
    caughtBy: { scene: "sealed-unproven", says: /the floor rises to 3 during a trial/ },
  },
  {
    name: "the floor is not raised after the confirmation",
    file: "src/agent/wiring.ts",
    find: '    if (event?.type === "confirmed") this.#guards?.confirmed();',
    replace: "",
    caughtBy: { scene: "sealed", says: /the floor is 2, and 3 runs/ },
  },
  {
    name: "the stored floor is not read",
    file: "src/seal/judge.ts",
    find: "    return Math.max(loadFloor(device.store, owner), leastVersion());",
    replace: "    return Math.max(loadFloor(device.store, owner) - 2, leastVersion());",
    caughtBy: { scene: "rollback-stored", says: /becomes pending: security version 2 under 3/ },
  },
  {
    name: "the floor may be lowered",
    file: "src/seal/floor.ts",
    find: "  if (securityVersion > loadFloor(store, owner)) store.write",
    replace: "  if (securityVersion !== loadFloor(store, owner)) store.write",
    caughtBy: { scene: "rollback-stored", says: /the floor falls from 3 to 1/ },
  },
  {
    name: "bytes of a seal that mean nothing may be anything",
    file: "src/seal/format.ts",
    find: '  if (bytes[7] !== 0 || view.getUint16(14, true) !== 0) return malformed("reserved bytes are not 0");',
    replace: "",
    caughtBy: { fuzz: "seal", says: /violation seal:.*one seal, two texts/ },
  },
];
