import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { packageFor } from "../support/package-variants.js";
import { joined, sealOf, type Signer, signerNamed } from "../support/seals.js";
import { successorImage } from "../support/successor-image.js";
import { type Firmware, firmwareOf } from "./firmware.js";
import type { Scene } from "./scenes.js";
import { factoryWorld, LARGE } from "./world.js";

const VENDOR = signerNamed("vendor");
const STRANGER = signerNamed("stranger");

const OLD = "0.1.0";
const NEW = "0.2.0";
const DELTA = `${NEW}-delta`;
const COMPRESSED = `${NEW}-compressed`;
/** Sealed by somebody whom the board does not trust, and its header says so; or it shows the vendor's seal. */
const FORGED = `${NEW}-forged`;
const LYING = `${NEW}-lying`;
/** Its header has no seal, and its result has one. */
const SILENT = `${NEW}-silent`;
const BLOCK = LARGE.blockLength;

let made: { readonly [name: string]: Firmware } | undefined;

function allFirmware(): { readonly [name: string]: Firmware } {
  made ??= makeAll();
  return made;
}

function makeAll(): { readonly [name: string]: Firmware } {
  const plain = buildAppImage({ version: OLD, byteLength: 3 * BLOCK, seed: 1, secureVersion: 2 });
  const old = joined(plain, sealOf(plain, { version: OLD, securityVersion: 2, signers: [VENDOR] }));
  const next = successorImage({ base: old, version: NEW, byteLength: 4 * BLOCK + 2160, seed: 6, secureVersion: 3 });
  const seal = (signer: Signer): Uint8Array => sealOf(next, { version: NEW, securityVersion: 3, signers: [signer] });
  const [right, wrong] = [seal(VENDOR), seal(STRANGER)];
  const [image, forged] = [joined(next, right), joined(next, wrong)];
  const base = { bytes: old, version: OLD };
  const delta = (bytes: Uint8Array, copy?: Uint8Array): Firmware =>
    firmwareOf(NEW, packageFor({ bytes, version: NEW }, base, copy), bytes);
  return {
    [OLD]: firmwareOf(OLD, old),
    [DELTA]: delta(image, right),
    [COMPRESSED]: firmwareOf(NEW, packageFor({ bytes: image, version: NEW }, undefined, right), image),
    [FORGED]: delta(forged, wrong),
    [LYING]: delta(forged, right),
    [SILENT]: delta(image),
  };
}

/** @returns a scene in which a board that requires seals is offered this file */
function offering(name: string, file: string, fields: Partial<Omit<Scene, "firmware">>): Scene {
  return {
    packages: true,
    seal: { trusted: [VENDOR.pem], keys: [VENDOR] },
    wipes: true,
    start: () => factoryWorld((allFirmware()[OLD] as Firmware).bytes, file, LARGE),
    accepts: () => true,
    served: ({ bytes }) => bytes,
    onReport: () => {},
    ends: [
      { version: NEW, result: /"done"/ },
      { version: OLD, result: /"fail".*"-5".*restarted during its trial, reverted/ },
    ],
    ...fields,
    name,
    get firmware() {
      return allFirmware();
    },
  };
}

export const SEALED_PACKAGE_SCENES: readonly Scene[] = [
  offering("sealed-delta", DELTA, {}),
  offering("sealed-compressed", COMPRESSED, {}),
  offering("sealed-delta-forged", FORGED, { ends: [{ version: OLD, result: /"fail".*"-5".*key-unknown/ }] }),
  offering("sealed-delta-lying", LYING, {
    refetches: true,
    ends: [{ version: OLD, result: /"fail".*"-5".*(key-unknown|signature-invalid)/ }],
  }),
  offering("sealed-delta-silent", SILENT, { ends: [{ version: OLD, result: /"fail".*"-5".*unsigned/ }] }),
];
