import { BODY_LENGTH, HASH_LENGTH } from "../../src/seal/format.js";
import { bytesOf, N } from "../support/p256-curve.js";
import { joined, R_OFFSET, S_OFFSET, sealed, sealOf, withBit, withBytes } from "../support/seals.js";
import type { Attack, Try } from "./attack.js";
import {
  IMAGE_LENGTH,
  imageOf,
  NEXT,
  OLDEST,
  published,
  RUNNING,
  SAME_FLOOR,
  STRANGER,
  SUCCESSOR,
  VENDOR,
} from "./files.js";

const GENUINE = published(NEXT);
const IMAGE = imageOf(NEXT);
const SEAL = sealOf(IMAGE, { ...NEXT, signers: [VENDOR] });
const SEAL_LENGTH = SEAL.byteLength;
/** As long as the genuine file, and without a seal. */
const UNSEALED = joined(imageOf({ ...NEXT, byteLength: IMAGE_LENGTH + 192 }), new Uint8Array(SEAL_LENGTH - 192));
/** Another one of the vendor's. */
const REPAIRED = { version: "0.2.9", securityVersion: 3 } as const;
/** The vendor's own update, which must be taken whatever was tried before. */
const UPDATE: Try = { version: NEXT.version, file: GENUINE, report: "done" };

/** One file that is refused, and the vendor's update after it. */
function refused(name: string, file: Uint8Array, code: string, more: Partial<Try> = {}): Attack {
  const version = more.version ?? NEXT.version;
  const early = more.served === undefined && more.deeds === undefined;
  const attempt: Try = { version, file, report: code === "" ? "fail -5 " : `fail -5 ${code}: `, early, ...more };
  // The platform has one task for a version at a time: the vendor's next one follows.
  return { name, tries: [attempt, UPDATE], ends: NEXT.version };
}

/** The seal of the genuine file with these bytes at this offset of the seal. */
function resealed(offset: number, bytes: Uint8Array): Uint8Array {
  return joined(IMAGE, withBytes(SEAL, offset, bytes));
}

const CONTROLS: readonly Attack[] = [
  { name: "nothing: a newer sealed image is taken", tries: [UPDATE], ends: NEXT.version },
  {
    name: "nothing: an image with the same security version is taken",
    tries: [{ version: SAME_FLOOR.version, file: published(SAME_FLOOR), report: "done" }],
    ends: SAME_FLOOR.version,
  },
  {
    name: "nothing: the second of two trusted keys has sealed",
    trusted: [VENDOR, SUCCESSOR],
    tries: [{ version: NEXT.version, file: published(NEXT, { signers: [SUCCESSOR] }), report: "done" }],
    ends: NEXT.version,
  },
  {
    name: "nothing: of two seals the second is by a trusted key, as while keys are rotated",
    tries: [{ version: NEXT.version, file: published(NEXT, { signers: [SUCCESSOR, VENDOR] }), report: "done" }],
    ends: NEXT.version,
  },
  {
    name: "nothing: three have signed, and the last one is trusted",
    tries: [
      { version: NEXT.version, file: published(NEXT, { signers: [STRANGER, SUCCESSOR, VENDOR] }), report: "done" },
    ],
    ends: NEXT.version,
  },
];

const SEALS: readonly Attack[] = [
  refused("no seal", IMAGE, "unsigned"),
  refused("the seal's last byte is missing", GENUINE.slice(0, -1), "unsigned"),
  refused("the seal's end is missing", GENUINE.slice(0, -8), "unsigned"),
  refused("the seal is cut to what is signed", GENUINE.slice(0, IMAGE_LENGTH + BODY_LENGTH), "unsigned"),
  refused("the seal's beginning is missing", joined(IMAGE, SEAL.slice(16)), "signature-invalid"),
  refused(
    "the seal has no signature",
    joined(IMAGE, SEAL.slice(0, BODY_LENGTH), endOf(BODY_LENGTH + 8)),
    "signature-invalid",
  ),
  refused(
    "the seal says that it has four signatures",
    resealed(SEAL_LENGTH - 8, little(BODY_LENGTH + 4 * 72 + 8)),
    "signature-invalid",
  ),
  refused(
    "the seal is of another image of the same length",
    joined(imageOf({ ...NEXT, seed: 2 }), SEAL),
    "signature-invalid",
  ),
  refused(
    "the seal is of a longer image",
    joined(imageOf({ ...NEXT, byteLength: IMAGE_LENGTH - 16 }), SEAL),
    "signature-invalid",
  ),
  refused("bytes between image and seal", joined(IMAGE, new Uint8Array(16), SEAL), "signature-invalid"),
  refused("bytes behind the seal", joined(GENUINE, new Uint8Array(16)), "unsigned"),
  refused("two seals, one behind the other", joined(GENUINE, SEAL), "signature-invalid"),
  refused(
    "a length in the seal that is not the image's, sealed by the vendor",
    joined(IMAGE, sealOf(IMAGE, { ...NEXT, imageLength: IMAGE_LENGTH - 16, signers: [VENDOR] })),
    "signature-invalid",
  ),
].map((attack) => (attack.name.includes("of another image of the same length") ? late(attack) : attack));

const BITS: readonly Attack[] = [
  late(refused("one bit of the image", withBit(GENUINE, 2000), "signature-invalid")),
  late(refused("the last bit of the image", withBit(GENUINE, IMAGE_LENGTH - 1, 7), "signature-invalid")),
  ...(
    [
      ["the image's length", 8],
      ["the chip", 12],
      ["the security version", 16],
      ["the time", 20],
      ["the version", 24],
      ["the product", 56],
      ["the hash", 88 + HASH_LENGTH - 1],
      ["r", R_OFFSET],
      ["the last of r", S_OFFSET - 1],
      ["s", S_OFFSET],
      ["the last of s", S_OFFSET + 31],
    ] as const
  ).map(([name, offset]) =>
    refused(`one bit of ${name}`, withBit(GENUINE, IMAGE_LENGTH + offset), "signature-invalid"),
  ),
  refused("one bit of the key's id", withBit(GENUINE, IMAGE_LENGTH + BODY_LENGTH), "key-unknown"),
];

const KEYS: readonly Attack[] = [
  refused("sealed by a stranger", published(NEXT, { signers: [STRANGER] }), "key-unknown"),
  refused(
    "sealed by a stranger under the vendor's key id",
    published(NEXT, { signers: [{ ...STRANGER, keyId: VENDOR.keyId }] }),
    "signature-invalid",
  ),
  {
    ...refused("sealed by a key that was revoked", published(NEXT, { signers: [VENDOR] }), "key-unknown"),
    trusted: [SUCCESSOR],
    tries: [
      { version: NEXT.version, file: GENUINE, report: "fail -5 key-unknown: ", early: true },
      { version: NEXT.version, file: published({ ...NEXT, seed: 2 }, { signers: [SUCCESSOR] }), report: "done" },
    ],
  },
  ...(
    [
      ["r = 0", R_OFFSET, 0n],
      ["r = n", R_OFFSET, N],
      ["r = n + 1", R_OFFSET, N + 1n],
      ["r = 2^256 - 1", R_OFFSET, 2n ** 256n - 1n],
      ["s = 0", S_OFFSET, 0n],
      ["s = n", S_OFFSET, N],
      ["s = n + 1", S_OFFSET, N + 1n],
      ["s = 2^256 - 1", S_OFFSET, 2n ** 256n - 1n],
    ] as const
  ).map(([name, offset, value]) => refused(name, resealed(offset, bytesOf(value)), "signature-invalid")),
  refused("r = 0 and s = 0", resealed(R_OFFSET, new Uint8Array(64)), "signature-invalid"),
];

const FIELDS: readonly Attack[] = [
  refused("sealed for another product", published(NEXT, { product: "OTHER12345" }), "wrong-product"),
  refused("sealed for a product that begins as this one", published(NEXT, { product: "ABCDE123456" }), "wrong-product"),
  refused("sealed for another chip", published(NEXT, { chipId: 9 }), "signature-invalid"),
  refused("sealed for no chip", published(NEXT, { chipId: 0xffff }), "signature-invalid"),
  refused(
    "a version in the seal that is not the offered one",
    published(NEXT, { version: "0.4.0" }),
    "signature-invalid",
  ),
  refused("an old sealed image that is offered as a newer version", published(OLDEST), "signature-invalid"),
  late(
    refused(
      "a version in the seal that is not the image's",
      sealed(imageOf({ ...NEXT, version: "0.2.9" }), { ...NEXT, signers: [VENDOR] }),
      "",
    ),
  ),
  late(
    refused(
      "a security version in the seal that is above the image's",
      sealed(imageOf({ ...NEXT, securityVersion: 1 }), { ...NEXT, signers: [VENDOR] }),
      "signature-invalid",
    ),
  ),
  late(
    refused(
      "a security version in the seal that is below the image's",
      sealed(imageOf({ ...NEXT, securityVersion: 9 }), { ...NEXT, signers: [VENDOR] }),
      "signature-invalid",
    ),
  ),
];

const ROLLBACKS: readonly Attack[] = [
  refused("an old sealed image", published(OLDEST), "rollback-refused", { version: OLDEST.version }),
  refused("an old sealed image after the records were lost", published(OLDEST), "rollback-refused", {
    version: OLDEST.version,
    deeds: ["wipe"],
    early: true,
  }),
  {
    name: "the image that was running before the update",
    tries: [
      UPDATE,
      { version: RUNNING.version, file: published(RUNNING), report: "fail -5 rollback-refused: ", early: true },
    ],
    ends: NEXT.version,
  },
  {
    name: "the same after the records were lost",
    tries: [
      UPDATE,
      {
        version: RUNNING.version,
        file: published(RUNNING),
        deeds: ["wipe"],
        report: "fail -5 rollback-refused: ",
        early: true,
      },
    ],
    ends: NEXT.version,
  },
  {
    name: "an old sealed image after a trial that failed",
    tries: [
      { version: NEXT.version, file: GENUINE, deeds: ["unreachable"], report: "fail -5 " },
      { version: OLDEST.version, file: published(OLDEST), report: "fail -5 rollback-refused: ", early: true },
      // The trial has not raised the floor.
      { version: SAME_FLOOR.version, file: published(SAME_FLOOR), report: "done" },
    ],
    ends: SAME_FLOOR.version,
  },
];

/** The server shows the seal one thing, and the download another. */
const DOUBLE_DEALING: readonly Attack[] = [
  late(refused("the seal is shown, and the image comes without it", UNSEALED, "unsigned", { served: { end: SEAL } })),
  late(
    refused(
      "the vendor's seal is shown, and a stranger's comes",
      published(NEXT, { signers: [STRANGER] }),
      "key-unknown",
      { served: { end: SEAL } },
    ),
  ),
  late(
    refused("the vendor's seal is shown, and the image of an old one comes", published(OLDEST), "", {
      served: { end: SEAL },
    }),
  ),
  late(refused("no range is served: no seal", IMAGE, "unsigned", { served: { end: "whole" } })),
  late(
    refused(
      "nothing is served of the end: a stranger's seal",
      published(NEXT, { signers: [STRANGER] }),
      "key-unknown",
      { served: { end: "nothing" } },
    ),
  ),
  late(
    refused("an old sealed image of a server without ranges", published(OLDEST), "rollback-refused", {
      version: OLDEST.version,
      served: { end: "whole" },
    }),
  ),
  late(
    refused("another package at the same URL when the download goes on", spliced(), "signature-invalid", {
      served: { bytes: [GENUINE, spliced()], breaksAfter: 2100 },
    }),
  ),
  late(
    refused("flash changes between the end of the download and the switch", published(REPAIRED), "signature-invalid", {
      version: REPAIRED.version,
      deeds: ["change-flash"],
    }),
  ),
  late(
    refused("an old sealed file is put into flash before the switch", published(REPAIRED), "signature-invalid", {
      version: REPAIRED.version,
      deeds: ["swap-flash"],
    }),
  ),
];

export const ATTACKS: readonly Attack[] = [
  ...CONTROLS,
  ...SEALS,
  ...BITS,
  ...KEYS,
  ...FIELDS,
  ...ROLLBACKS,
  ...DOUBLE_DEALING,
];

/** What can be known only from the image in flash: it is not refused before the first erase. */
function late(attack: Attack): Attack {
  return { ...attack, tries: attack.tries.map((each) => ({ ...each, early: false })) };
}

/** The first part of one file and the rest of another, which the vendor has sealed both. */
function spliced(): Uint8Array {
  const other = published({ ...NEXT, seed: 7 });
  return joined(GENUINE.slice(0, 2048), other.slice(2048));
}

function endOf(sealLength: number): Uint8Array {
  return joined(little(sealLength), new Uint8Array(Buffer.from("SEAL")));
}

function little(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
