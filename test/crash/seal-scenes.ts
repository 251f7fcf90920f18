import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { MAX_SEAL_LENGTH } from "../../src/seal/format.js";
import { encodeFloor } from "../../src/seal/floor.js";
import { sealed, type SealOptions, type Signer, signerNamed } from "../support/seals.js";
import { type Firmware, firmwareOf } from "./firmware.js";
import type { Scene } from "./scenes.js";
import { FLOOR_KEY } from "./tears.js";
import { BLOCK_LENGTH, factoryWorld, type World } from "./world.js";

/** Whose seals the board takes. */
export interface SealScene {
  /** As in its configuration. */
  readonly trusted: readonly string[];
  readonly keys: readonly Signer[];
  /** What the server shows as the end of the file, before the download. Default: that end. */
  readonly end?: Uint8Array | "served" | "refused";
}

const VENDOR = signerNamed("vendor");
/** Trusted, and has sealed nothing. */
const FORMER = signerNamed("former");
/** Not trusted yet. */
const SUCCESSOR = signerNamed("successor");
const STRANGER = signerNamed("stranger");

const OLDEST = "0.0.9";
const OLD = "0.1.0";
const NEW = "0.2.0";
const FORGED = `${NEW}-forged`;
const FOREIGN = `${NEW}-foreign`;
const UNSEALED = `${NEW}-unsealed`;
/** Two regions, and the end inside the last block of the second. */
const IMAGE_LENGTH = 6 * BLOCK_LENGTH + 112;

function image(version: string, secureVersion: number, byteLength: number): Uint8Array {
  return buildAppImage({ version, byteLength, seed: byteLength + secureVersion, secureVersion });
}

function firmware(
  version: string,
  securityVersion: number,
  byteLength: number,
  fields: Partial<SealOptions> = {},
): Firmware {
  const content = image(version, securityVersion, byteLength);
  // While keys are rotated: the board trusts the second signature, and its second key.
  const signers = [SUCCESSOR, VENDOR];
  return firmwareOf(version, sealed(content, { version, securityVersion, signers, ...fields }));
}

const ALL: Scene["firmware"] = {
  [OLDEST]: firmware(OLDEST, 1, 5 * BLOCK_LENGTH),
  [OLD]: firmware(OLD, 2, 4 * BLOCK_LENGTH),
  [NEW]: firmware(NEW, 3, IMAGE_LENGTH),
  [FORGED]: firmware(NEW, 3, IMAGE_LENGTH, { signers: [STRANGER, STRANGER] }),
  [FOREIGN]: firmware(NEW, 3, IMAGE_LENGTH, { product: "OTHER12345" }),
  [UNSEALED]: firmwareOf(NEW, image(NEW, 3, IMAGE_LENGTH)),
};

/** The factory has not stored a floor. */
function from(version: string, task: string): World {
  return factoryWorld((ALL[version] as Firmware).bytes, task);
}

const SEALED: Scene = {
  name: "sealed",
  firmware: ALL,
  seal: { trusted: [FORMER.pem, VENDOR.pem], keys: [FORMER, VENDOR] },
  start: () => from(OLD, NEW),
  accepts: () => true,
  served: ({ bytes }) => bytes,
  onReport: () => {},
  wipes: true,
  ends: [
    { version: NEW, result: /"done"/ },
    { version: OLD, result: /"fail".*"-5".*restarted during its trial, reverted/ },
  ],
};

/** @returns a scene in which a file is refused */
function refusing(name: string, file: string, result: RegExp, end: SealScene["end"] = "served"): Scene {
  const seal: SealScene = { ...(SEALED.seal as SealScene), end };
  return { ...SEALED, name, seal, start: () => from(OLD, file), ends: [{ version: OLD, result }] };
}

export const SEAL_SCENES: readonly Scene[] = [
  SEALED,
  // The new firmware never reaches the cloud.
  {
    ...SEALED,
    name: "sealed-unproven",
    accepts: (version) => version !== NEW,
    ends: [
      { version: OLD, result: /"fail".*"-5".*not proven in time, reverted/ },
      { version: OLD, result: /"fail".*"-5".*restarted during its trial, reverted/ },
    ],
  },
  refusing("unsealed", UNSEALED, /"fail".*"-5".*unsigned: no seal/),
  // What is wrong is found in flash alone.
  refusing("unsealed-late", UNSEALED, /"fail".*"-5".*unsigned: no seal/, "refused"),
  // The server shows the vendor's seal, and sends what a stranger has sealed.
  refusing(
    "double-dealing",
    FORGED,
    /"fail".*"-5".*key-unknown: /,
    (ALL[NEW] as Firmware).bytes.slice(-MAX_SEAL_LENGTH),
  ),
  refusing("foreign", FOREIGN, /"fail".*"-5".*wrong-product: /, "refused"),
  // The vendor's seal behind another sound image of that version and length.
  {
    ...refusing("exchanged", NEW, /"fail".*"-5".*signature-invalid: the image is not the sealed one/),
    firmware: { ...ALL, [NEW]: firmwareOf(NEW, exchanged()) },
  },
  refusing("rollback", OLDEST, /"fail".*"-5".*rollback-refused: /),
  refusing("rollback-late", OLDEST, /"fail".*"-5".*rollback-refused: /, "refused"),
  // The floor that was stored is above what runs: another firmware had been confirmed.
  {
    ...refusing("rollback-stored", OLD, /"fail".*"-5".*rollback-refused: /, "refused"),
    wipes: false,
    start: () => {
      const world = from(OLDEST, OLD);
      world.records[FLOOR_KEY] = encodeFloor(3);
      return world;
    },
    ends: [{ version: OLDEST, result: /"fail".*"-5".*rollback-refused: / }],
  },
  { ...SEALED, name: "full-sealed", fills: true, wipes: false },
];

function exchanged(): Uint8Array {
  const bytes = (ALL[NEW] as Firmware).bytes.slice();
  bytes.set(buildAppImage({ version: NEW, byteLength: IMAGE_LENGTH, seed: 1, secureVersion: 3 }));
  return bytes;
}
