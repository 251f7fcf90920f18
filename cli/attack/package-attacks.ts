import { reportPackage } from "../../cloud/delta/inspect.js";
import { decodeFixedHeader } from "../../src/package/header.js";
import { FIXED_LENGTH } from "../../src/package/format.js";
import type { Attack } from "./attacks.js";
import { codesOf, delta, indexAt, oversized, withSum } from "./packages.js";
import type { Bait } from "./stranger.js";
import { NEWER_VERSION, RUNNING_SECURITY, RUNNING_VERSION, type Workshop } from "./workshop.js";

const OLDER = "0.9.0";
const newer = (file: Buffer): Bait => ({ version: NEWER_VERSION, file });

/** A delta from what runs to a newer image, as it should be, for a board that demands no seal. */
function sound(workshop: Workshop): Buffer {
  return delta({ base: workshop.running(), result: workshop.image() });
}

/** A delta of a sealed image, whose header carries a copy of a seal: its own, if no other is given. */
function sealedDelta(workshop: Workshop, file: Buffer, version = NEWER_VERSION): Buffer {
  return delta({ base: workshop.running(), result: file, version });
}

/**
 * What a stranger tries with deltas. What runs is public: whoever has bought a board can read it, and make deltas from
 * it that are sound. The board of the first ones demands no seal, so that what stops them are the checks of packages
 * alone.
 */
export const PACKAGE_ATTACKS: readonly Attack[] = [
  {
    name: "wrong-base",
    says: "a delta from another image than the one that runs",
    code: "wrong-base",
    bait: (workshop) => newer(delta({ base: workshop.image({ version: RUNNING_VERSION }), result: workshop.image() })),
    board: { unsealed: true },
  },
  {
    name: "base-flashed-anew",
    says: "half of a delta; after a power cut another image of the same version runs",
    code: "wrong-base",
    bait: (workshop) => newer(sound(workshop)),
    board: { unsealed: true, cutInDownload: true, flashedAnew: true },
  },
  {
    name: "hostile-records",
    says: "a delta with a sound header, whose records lead out of the base and of their blocks",
    code: "package-malformed",
    bait: (workshop) => newer(hostile(workshop)),
    board: { unsealed: true },
  },
  {
    name: "other-result",
    says: "a delta with sound records, that makes another image than its header says",
    code: "",
    bait(workshop) {
      const genuine = sound(workshop);
      const other = delta({ base: workshop.running(), result: workshop.image() });
      genuine.copy(other, 64, 64, 96);
      return newer(withSum(other));
    },
    board: { unsealed: true },
  },
  {
    name: "too-long",
    says: "a package of a few kilobytes, whose result is larger than the slot",
    code: "package-malformed",
    bait: () => newer(oversized()),
    board: { unsealed: true },
  },
  {
    name: "index",
    says: "a delta whose index does not add up to its length",
    code: "package-malformed",
    bait(workshop) {
      const file = sound(workshop);
      const at = indexAt(file);
      file.writeUInt16LE(file.readUInt16LE(at) ^ 1, at);
      return newer(withSum(file));
    },
    board: { unsealed: true },
  },
  {
    name: "swapped-package",
    says: "half of a delta; after a power cut another sound one at the same URL",
    code: "",
    bait: (workshop) => ({ ...newer(sound(workshop)), afterCut: sound(workshop) }),
    board: { unsealed: true, cutInDownload: true },
  },
  {
    name: "delta-no-seal",
    says: "a sound delta to an image without a seal",
    code: "unsigned",
    bait: (workshop) => newer(sealedDelta(workshop, workshop.image())),
  },
  {
    name: "delta-borrowed-seal",
    says: "a sound delta to an own image; its header carries the seal of a released one",
    code: "unsigned",
    bait(workshop) {
      const [image, seal] = workshop.parts({}, workshop.one.key);
      const result = workshop.image().subarray(0, image.byteLength);
      return newer(
        delta({ base: workshop.running(), result: Buffer.concat([result, Buffer.alloc(seal.byteLength)]), seal }),
      );
    },
  },
  {
    name: "delta-other-image",
    says: "a sound delta to an own image, behind which is the seal of a released one",
    code: "signature-invalid",
    bait(workshop) {
      const [, seal] = workshop.parts({}, workshop.one.key);
      return newer(sealedDelta(workshop, Buffer.concat([workshop.image(), seal])));
    },
  },
  {
    name: "delta-unknown-key",
    says: "a sound delta to an image that a key of the stranger's has sealed",
    code: "key-unknown",
    bait: (workshop) => newer(sealedDelta(workshop, workshop.sealed({}, workshop.stranger.key))),
  },
  {
    name: "delta-old",
    says: "a sound delta to a released image of a lower security version",
    code: "rollback-refused",
    bait(workshop) {
      const made = { version: OLDER, security: RUNNING_SECURITY - 1 };
      const file = sealedDelta(workshop, workshop.sealed(made, workshop.one.key), OLDER);
      return { version: OLDER, file };
    },
  },
];

/** A delta whose records were changed until a reader of them finds that they are malformed. */
function hostile(workshop: Workshop): Buffer {
  const file = delta({ base: workshop.running(), result: workshop.related() });
  const fixed = decodeFixedHeader(file.subarray(0, FIXED_LENGTH));
  const { firstCoded } = codesOf(file);
  for (;;) {
    const changed = Buffer.from(file);
    for (let at = firstCoded.from; at < firstCoded.to; at++) changed[at] = workshop.random(256);
    if (reportPackage(fixed, changed).problem !== undefined) return changed;
  }
}
