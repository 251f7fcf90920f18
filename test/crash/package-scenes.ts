import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { exchanged, packageFor, rebuilt, unhashed, withRecord } from "../support/package-variants.js";
import { successorImage } from "../support/successor-image.js";
import { type Firmware, firmwareOf } from "./firmware.js";
import type { Scene } from "./scenes.js";
import { OLD_SUB, type SubScene } from "./subs.js";
import { type CloudView, factoryWorld, gatewayWorld, LARGE, type World } from "./world.js";

const OLD = "0.1.0";
const NEW = "0.2.0";
const NEW_SUB = "2.0.0";
/** Another build of the old one. */
const REFLASHED = `${OLD}-reflashed`;
/** The new one as it is, as a delta from the old one, and compressed. */
const FULL = `${NEW}-full`;
const DELTA = `${NEW}-delta`;
const COMPRESSED = `${NEW}-compressed`;
/** Delta to another build of the new one, of the same length. */
const OTHER = `${NEW}-other`;
/** Delta from another build of the old one. */
const STRAYED = `${NEW}-strayed`;
/** A record that no encoder makes, in a package that says so of itself. */
const HOSTILE = `${NEW}-hostile`;

const BLOCK = LARGE.blockLength;
const OLD_LENGTH = 4 * BLOCK;
/** Ends inside the first block of the third region. */
const NEW_LENGTH = 4 * BLOCK + 2048 + 112;
/** Two blocks, and a piece of a third. */
const SMALL_LENGTH = 2 * BLOCK + 48;
/** Of the five blocks one is edited, one new, and the others are what was there before. */
const SEED = 6;
/** Number of the block that is new: its record is the block itself. */
const NEW_BLOCK = 2;

/** They take half a second, which who runs another scene need not wait for. */
let made: { readonly [name: string]: Firmware } | undefined;

function allFirmware(): { readonly [name: string]: Firmware } {
  made ??= makeAll();
  return made;
}

function makeAll(): { readonly [name: string]: Firmware } {
  const old = buildAppImage({ version: OLD, byteLength: OLD_LENGTH, seed: 1 });
  const reflashed = buildAppImage({ version: OLD, byteLength: OLD_LENGTH, seed: 2 });
  const image = unhashed(successorImage({ base: old, version: NEW, byteLength: NEW_LENGTH, seed: SEED }));
  const small = successorImage({ base: old, version: NEW_SUB, byteLength: SMALL_LENGTH, seed: SEED });
  const base = { version: OLD, bytes: old };
  const [result, smallResult] = [
    { version: NEW, bytes: image },
    { version: NEW_SUB, bytes: small },
  ];
  const delta = packageFor(result, base);
  const other = rebuilt(image, NEW_BLOCK);
  return {
    [OLD]: firmwareOf(OLD, old),
    [REFLASHED]: firmwareOf(OLD, reflashed),
    [FULL]: firmwareOf(NEW, image),
    [DELTA]: firmwareOf(NEW, delta, image),
    [COMPRESSED]: firmwareOf(NEW, packageFor(result), image),
    [OTHER]: firmwareOf(NEW, exchanged(delta, other, NEW_BLOCK), other),
    [STRAYED]: firmwareOf(NEW, packageFor(result, { ...base, bytes: reflashed }), image),
    [HOSTILE]: firmwareOf(NEW, withRecord(delta, 4, 0xff), image),
    [NEW_SUB]: firmwareOf(NEW_SUB, packageFor(smallResult, base), small),
    [`${NEW_SUB}-compressed`]: firmwareOf(NEW_SUB, packageFor(smallResult), small),
  };
}

const DONE = { version: NEW, result: /"done"/ };
/** A cut during the trial is a revert: that is the boot loader's rule, and the revert is reported. */
const REVERTED = { version: OLD, result: /"fail".*"-5".*restarted during its trial, reverted/ };
const UPDATED: Scene["ends"] = [DONE, REVERTED];
const MISMATCH = { version: OLD, result: /"fail".*"-4".*md5 not match/ };
const WRONG_BASE = { version: OLD, result: /"fail".*"-5".*wrong-base/ };

/** @returns a scene in which this file is offered */
function offering(name: string, file: string, fields: Partial<Omit<Scene, "firmware">>): Scene {
  return {
    packages: true,
    start: () => factoryWorld((allFirmware()[OLD] as Firmware).bytes, file, LARGE),
    accepts: () => true,
    served: ({ bytes }) => bytes,
    onReport: () => {},
    ends: UPDATED,
    ...fields,
    name,
    get firmware() {
      return allFirmware();
    },
  };
}

/** Once the first block of the image is stored, and not yet all of them, something happens. */
function onTheWay(happens: (view: CloudView) => void): Scene["onReport"] {
  return (view, word) => {
    const percent = Number(/^downloading ([0-9]+)$/.exec(word)?.[1]);
    if (view.act > 0 || view.task === undefined || !(percent > 20 && percent < 100)) return;
    view.act = 1;
    happens(view);
  };
}

/** The operator offers another file as the same version. */
function replacedBy(file: string): Pick<Scene, "onReport"> {
  return { onReport: onTheWay((view) => void (view.task = file)) };
}

/** The server has another package of the same length by now, under the same name. */
const EXCHANGED: Partial<Scene> = {
  onReport: onTheWay(() => {}),
  served: ({ bytes }, { act }) => (act === 0 ? bytes : (allFirmware()[OTHER] as Firmware).bytes),
  // After a cut the MD5 of a package is not known, and its image is decided about by its SHA-256 alone.
  ends: [...UPDATED, MISMATCH],
};

const SUBS: SubScene = { names: ["light1"], file: NEW_SUB, runs: OLD, ends: [{ version: NEW_SUB, result: /"done"/ }] };

/** @returns a scene in which a sub-device, or component, is updated */
function behind(name: string, subs: SubScene, fields: Partial<Scene> = {}): Scene {
  const start = (): World =>
    gatewayWorld((allFirmware()[OLD] as Firmware).bytes, subs.names, OLD_SUB, subs.file, undefined, LARGE);
  return offering(name, subs.file, { start, policy: { manifest: false }, subs, ends: [], ...fields });
}

export const PACKAGE_SCENES: readonly Scene[] = [
  offering("delta", DELTA, {}),
  offering("compressed", COMPRESSED, {}),
  // After a cut during the trial the package is offered once more: what it makes is whole in the other slot.
  offering("delta-retried", DELTA, { retries: true }),
  // The file server ends every other connection after two pieces.
  offering("delta-broken", DELTA, { breaks: true }),
  offering("compressed-broken", COMPRESSED, { breaks: true }),
  offering("delta-rangeless", DELTA, { rangeless: true }),
  offering("compressed-rangeless", COMPRESSED, { rangeless: true, breaks: true }),
  offering("delta-strayed", STRAYED, { ends: [WRONG_BASE] }),
  offering("delta-reflashed", DELTA, { reflash: { from: OLD, to: REFLASHED }, ends: [...UPDATED, WRONG_BASE] }),
  offering("delta-exchanged", DELTA, EXCHANGED),
  offering("delta-exchanged-tagged", DELTA, { ...EXCHANGED, tags: true }),
  // The whole image, as the cloud falls back to it; and the other way round.
  offering("delta-to-full", DELTA, replacedBy(FULL)),
  offering("full-to-delta", FULL, replacedBy(DELTA)),
  offering("delta-rebuilt", DELTA, replacedBy(OTHER)),
  // Two bytes of the new block are changed on the way, so that the image's own checksum stays right.
  offering("delta-corrupt", DELTA, {
    served: ({ bytes }) => bytes.map((byte, index) => (index === 3000 || index === 3100 ? byte ^ 4 : byte)),
    refetches: true,
    ends: [MISMATCH],
  }),
  offering("delta-hostile", HOSTILE, {
    refetches: true,
    ends: [{ version: OLD, result: /"fail".*"-5".*package-malformed/ }],
  }),
  offering("full-delta", DELTA, { fills: true }),
  offering("full-compressed", COMPRESSED, { fills: true }),
  // Deferred once before each step, then accepted.
  offering("delta-deferred", DELTA, {
    plans: {
      policy: { consent: "ask", installWhen: "accepted", manifest: false },
      script: { download: ["defer", "accept"], install: ["defer", "accept"] },
    },
  }),
  behind("staged-delta", SUBS),
  behind("staged-compressed", { ...SUBS, file: `${NEW_SUB}-compressed` }),
  behind("component-delta", { ...SUBS, names: ["mcu"], components: "asked" }),
  behind("component-unread", {
    names: ["mcu"],
    file: NEW_SUB,
    components: "asked",
    ends: [{ version: OLD_SUB, result: /"fail".*"-5".*wrong-base/ }],
  }),
];
