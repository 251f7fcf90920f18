import { ESP32_C3 } from "../../hal/boards/family/chips.js";
import type { Bait } from "./stranger.js";
import { NEWER_VERSION, replaced, RUNNING_SECURITY, type Workshop } from "./workshop.js";

/** What a stranger tries, who has the broker, the file server and every file that was ever released. */
export interface Attack {
  readonly name: string;
  /** One line for the table. */
  readonly says: string;
  /** The code that the board must answer with; empty: a check that boards without seals have too. */
  readonly code: string;
  bait(workshop: Workshop): Bait;
  /** What happens to the board. */
  readonly board?: {
    /** Trusts only the second key: the first one is revoked. */
    readonly revoked?: true;
    /** Takes no lower version, as by default. The others do, so that what stops an old image is its seal alone. */
    readonly refusesLower?: true;
    /** Demands no seal. */
    readonly unsealed?: true;
    /** After the power cut in the download another image of the version that runs lies in its slot. */
    readonly flashedAnew?: true;
    /** Its NVS is erased before. */
    readonly wiped?: true;
    /** A newer sealed image has failed its trial before. */
    readonly failedTrial?: true;
    /** Loses its power at half of the download. */
    readonly cutInDownload?: true;
    /** Loses its power so many times when it is about to verify the seal in flash. */
    readonly cutsInApplying?: number;
  };
}

const OLDER = "0.9.0";
const ZERO = Buffer.alloc(32);
/** The order of P-256. */
const ORDER = Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex");
const SIGNATURE_AT = 128;
const BODY_LENGTH = 120;
const SECTOR_LENGTH = 4096;

const newer = (file: Buffer): Bait => ({ version: NEWER_VERSION, file });

/** A newer image that the first key has sealed, and the place of its seal. */
function genuine(workshop: Workshop): { readonly file: Buffer; readonly sealAt: number } {
  const [image, seal] = workshop.parts({}, workshop.one.key);
  return { file: Buffer.concat([image, seal]), sealAt: image.byteLength };
}

/** A newer image whose signature has another number at this place. */
function withNumber(name: string, says: string, at: number, number: Buffer): Attack {
  return {
    name,
    says,
    code: "signature-invalid",
    bait(workshop) {
      const { file, sealAt } = genuine(workshop);
      return newer(replaced(file, sealAt + SIGNATURE_AT + at, number));
    },
  };
}

function old(name: string, says: string, board: Attack["board"] = {}): Attack {
  return {
    name,
    says,
    code: "rollback-refused",
    bait: (workshop) => ({
      version: OLDER,
      file: workshop.sealed({ version: OLDER, security: RUNNING_SECURITY - 1 }, workshop.one.key),
    }),
    board,
  };
}

/** The attacks of docs/packages.md on seals. */
export const SEAL_ATTACKS: readonly Attack[] = [
  {
    name: "no-seal",
    says: "a newer image without a seal",
    code: "unsigned",
    bait: (workshop) => newer(workshop.image()),
  },
  {
    name: "offer-fields",
    says: "the same, and an offer that says that no seal is needed",
    code: "unsigned",
    bait: (workshop) => ({
      ...newer(workshop.image()),
      fields: { seal: false, sealed: false, required: false, trusted: [], allowDowngrade: true },
    }),
  },
  {
    name: "no-range",
    says: "the same, from a server that never sends the end alone",
    code: "unsigned",
    bait: (workshop) => ({ ...newer(workshop.image()), ignoresRange: true }),
  },
  {
    name: "cut-seal",
    says: "a sealed image without its last byte",
    code: "unsigned",
    bait: (workshop) => newer(genuine(workshop).file.subarray(0, -1)),
  },
  {
    name: "bytes-behind",
    says: "a sealed image with 16 bytes behind the seal",
    code: "unsigned",
    bait: (workshop) => newer(Buffer.concat([genuine(workshop).file, Buffer.alloc(16)])),
  },
  {
    name: "bytes-between",
    says: "16 bytes between the image and its seal",
    code: "signature-invalid",
    bait(workshop) {
      const [image, seal] = workshop.parts({}, workshop.one.key);
      return newer(Buffer.concat([image, Buffer.alloc(16), seal]));
    },
  },
  {
    name: "image-length",
    says: "the same, and the seal says that they belong to the image",
    code: "signature-invalid",
    bait(workshop) {
      const [image, seal] = workshop.parts({}, workshop.one.key);
      const longer = Buffer.from(seal);
      longer.writeUInt32LE(image.byteLength + 16, 8);
      return newer(Buffer.concat([image, Buffer.alloc(16), longer]));
    },
  },
  {
    name: "other-seal",
    says: "an own image with the seal of a released one",
    code: "signature-invalid",
    bait: (workshop) => newer(Buffer.concat([workshop.image(), workshop.parts({}, workshop.one.key)[1]])),
  },
  {
    name: "end-of-another",
    says: "the end of a released file when the board asks for it, another image when it downloads",
    code: "signature-invalid",
    bait(workshop) {
      const { file } = genuine(workshop);
      const forged = Buffer.concat([workshop.image(), Buffer.alloc(200)]);
      return { ...newer(replaced(forged, forged.byteLength - 200, file.subarray(-200))), endOf: file };
    },
  },
  {
    name: "unsealed-download",
    says: "the end of a released file when the board asks for it, no seal when it downloads",
    code: "unsigned",
    bait(workshop) {
      const { file } = genuine(workshop);
      return { ...newer(Buffer.concat([workshop.image(), Buffer.alloc(200)])), endOf: file };
    },
  },
  {
    name: "image-bit",
    says: "a released file with one bit of the image changed",
    code: "signature-invalid",
    bait(workshop) {
      const { file, sealAt } = genuine(workshop);
      return newer(workshop.bitChanged(file, SECTOR_LENGTH, sealAt));
    },
  },
  {
    name: "seal-bit",
    says: "a released file with one bit of what the seal says changed",
    code: "signature-invalid",
    bait(workshop) {
      const { file, sealAt } = genuine(workshop);
      return newer(workshop.bitChanged(file, sealAt, sealAt + BODY_LENGTH));
    },
  },
  {
    name: "signature-bit",
    says: "a released file with one bit of the signature changed",
    code: "signature-invalid",
    bait(workshop) {
      const { file, sealAt } = genuine(workshop);
      return newer(workshop.bitChanged(file, sealAt + SIGNATURE_AT, sealAt + SIGNATURE_AT + 64));
    },
  },
  withNumber("r-zero", "a signature whose r is 0", 0, ZERO),
  withNumber("s-zero", "a signature whose s is 0", 32, ZERO),
  withNumber("zeros", "a signature of zeros", 0, Buffer.concat([ZERO, ZERO])),
  withNumber("r-order", "a signature whose r is the order of the curve", 0, ORDER),
  withNumber("s-order", "a signature whose s is the order of the curve", 32, ORDER),
  withNumber("s-above", "a signature whose s is all ones", 32, Buffer.alloc(32, 0xff)),
  {
    name: "unknown-key",
    says: "a newer image, sealed by a key of the stranger's",
    code: "key-unknown",
    bait: (workshop) => newer(workshop.sealed({}, workshop.stranger.key)),
  },
  {
    name: "borrowed-id",
    says: "the same, with the id of a trusted key in the seal",
    code: "signature-invalid",
    bait(workshop) {
      const [image, seal] = workshop.parts({}, workshop.stranger.key);
      return newer(Buffer.concat([image, replaced(seal, BODY_LENGTH, workshop.one.key.id)]));
    },
  },
  {
    name: "revoked-key",
    says: "a newer image, sealed by a key that the board trusts no more",
    code: "key-unknown",
    bait: (workshop) => newer(workshop.sealed({ security: RUNNING_SECURITY + 1 }, workshop.one.key)),
    board: { revoked: true },
  },
  old("old-image", "a released image of a lower security version"),
  old("old-after-wipe", "the same, after the board's NVS was erased", { wiped: true }),
  old("old-after-trial", "the same, after a newer image has failed its trial", { failedTrial: true }),
  {
    name: "older-version",
    says: "a released image of a lower version and the same security version",
    code: "rollback-refused",
    bait: (workshop) => ({ version: OLDER, file: workshop.sealed({ version: OLDER }, workshop.one.key) }),
    board: { refusesLower: true },
  },
  {
    name: "relabelled",
    says: "the same, offered as a newer version",
    code: "signature-invalid",
    bait: (workshop) => newer(workshop.sealed({ version: OLDER }, workshop.one.key)),
  },
  {
    name: "other-product",
    says: "a released image of another product",
    code: "wrong-product",
    bait: (workshop) => newer(workshop.sealed({ product: "OTHER12345" }, workshop.one.key)),
  },
  {
    name: "other-chip",
    says: "a released image for another chip",
    code: "signature-invalid",
    bait: (workshop) => newer(workshop.sealed({ chipId: ESP32_C3.id }, workshop.one.key)),
  },
  {
    name: "other-descriptor",
    says: "a seal for another version than the image's descriptor says",
    code: "",
    bait: (workshop) => newer(workshop.sealed({ version: OLDER, sealedVersion: NEWER_VERSION }, workshop.one.key)),
  },
  {
    name: "other-security",
    says: "a seal for a higher security version than the image's descriptor says",
    code: "signature-invalid",
    bait: (workshop) => newer(workshop.sealed({ security: 1, sealedSecurity: 9 }, workshop.one.key)),
  },
  {
    name: "swapped-file",
    says: "half of a released file; after a power cut the rest of another one",
    code: "signature-invalid",
    bait: (workshop) => {
      const { file, sealAt } = genuine(workshop);
      // The offer's MD5 is that of what will be in flash.
      const other = workshop.image().subarray(sealAt / 2);
      return newer(Buffer.concat([file.subarray(0, sealAt / 2), other, file.subarray(sealAt)]));
    },
    board: { cutInDownload: true },
  },
  {
    name: "cuts-in-applying",
    says: "one bit of the image changed, and power cuts while it is verified",
    code: "signature-invalid",
    bait(workshop) {
      const { file, sealAt } = genuine(workshop);
      return newer(workshop.bitChanged(file, SECTOR_LENGTH, sealAt));
    },
    board: { cutsInApplying: 3 },
  },
];
