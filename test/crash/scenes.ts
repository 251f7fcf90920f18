import type { OtaConfig } from "../../hal/boards/main.js";
import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import type { CloudOptions, Loss } from "./cloud.js";
import { type Firmware, firmwareOf } from "./firmware.js";
import type { Script } from "./person.js";
import { PACKAGE_SCENES } from "./package-scenes.js";
import { SEAL_SCENES, type SealScene } from "./seal-scenes.js";
import { SEALED_PACKAGE_SCENES } from "./sealed-package-scenes.js";
import { OLD_SUB, type SubScene } from "./subs.js";
import { BLOCK_LENGTH, type CloudView, factoryWorld, gatewayWorld, type World } from "./world.js";

/** What the outside world does during one update. The cloud's behaviour is a function of its view alone. */
export interface Scene extends Pick<CloudOptions, "accepts" | "served" | "onReport"> {
  readonly name: string;
  readonly firmware: CloudOptions["firmware"];
  start(): World;
  /**
   * The application's own test of a firmware on trial. It fails by throwing: a returned value would be handled in a
   * turn that no run reaches.
   */
  selfTest?(): never;
  /** Whether connections for the file break on the way. */
  readonly breaks?: boolean;
  readonly losses?: readonly Loss[];
  /** Whether the key-value store may be full, at any write of a record: see `Refusal`. */
  readonly fills?: boolean;
  /** When updates may happen, and what the person who is asked answers. */
  readonly plans?: { readonly policy: OtaConfig["policy"]; readonly script: Script };
  /** The policy of a scene in which nobody is asked. */
  readonly policy?: OtaConfig["policy"];
  readonly manifests?: CloudOptions["manifests"];
  /** Whether an update that has failed is offered once more. */
  readonly retries?: boolean;
  /** The image may stay for a later offer. */
  readonly keeps?: boolean;
  /** The board takes sealed images alone. */
  readonly seal?: SealScene;
  /** Whether the stored floor may be lost with any power cut. */
  readonly wipes?: boolean;
  /** The board takes packages. */
  readonly packages?: boolean;
  /** With any power cut the factory's image may be flashed anew: names of it, and of what is flashed. */
  readonly reflash?: { readonly from: string; readonly to: string };
  readonly tags?: boolean;
  readonly rangeless?: boolean;
  /** The file cannot be made into its image: after a cut that may be noticed only by fetching it once more. */
  readonly refetches?: boolean;
  /** The board is a gateway, or has components. */
  readonly subs?: SubScene;
  /** Which version may run in the end, and how the job is then reported. */
  readonly ends: readonly { readonly version: string; readonly result: RegExp }[];
}

const OLD = "0.1.0";
const NEW = "0.2.0";
const OTHER = "0.3.0";
/** Ends inside the last block of the second region. */
const IMAGE_LENGTH = 7 * BLOCK_LENGTH + 112;

/** Two blocks, and a piece of a third. */
const SMALL_LENGTH = 2 * BLOCK_LENGTH + 48;

function firmware(version: string, byteLength: number, blank = { from: 0, to: 0 }): Firmware {
  return firmwareOf(version, buildAppImage({ version, byteLength, seed: byteLength, blank }));
}

/** The same version, built anew. */
const REBUILT = `${NEW}-rebuilt`;

const ALL: CloudOptions["firmware"] = {
  [OLD]: firmware(OLD, 4 * BLOCK_LENGTH),
  [NEW]: firmware(NEW, IMAGE_LENGTH),
  [OTHER]: firmware(OTHER, 6 * BLOCK_LENGTH + 16),
  [REBUILT]: firmware(NEW, 5 * BLOCK_LENGTH + 64),
};

/** A cut during the trial is a revert: that is the boot loader's rule, and the revert is reported. */
const REVERTED = { version: OLD, result: /"fail".*"-5".*restarted during its trial, reverted/ };

const PLAIN = {
  firmware: ALL,
  start: (): World => factoryWorld((ALL[OLD] as Firmware).bytes, NEW),
  accepts: (): boolean => true,
  served: ({ bytes }: Firmware): Uint8Array => bytes,
  onReport: (): void => {},
} as const;

function replaceBy(name: string, view: CloudView, word: string): void {
  if (view.act > 0 || view.task !== NEW || !(Number(/^downloading ([0-9]+)$/.exec(word)?.[1]) > 33)) return;
  view.act = 1;
  view.task = name;
}

const UPDATE: Scene = { ...PLAIN, name: "update", ends: [{ version: NEW, result: /"done"/ }, REVERTED] };

/** The new firmware never reaches the cloud. */
const UNPROVEN: Scene = {
  ...PLAIN,
  name: "unproven",
  accepts: (version) => version !== NEW,
  ends: [{ version: OLD, result: /"fail".*"-5".*not proven in time, reverted/ }, REVERTED],
};

/** The new firmware reaches the cloud, and fails the application's own test. */
const UNFIT: Scene = {
  ...PLAIN,
  name: "unfit",
  selfTest: () => {
    throw new Error("no such sensor");
  },
  ends: [{ version: OLD, result: /"fail".*"-5".*self test: no such sensor/ }, REVERTED],
};

const CORRUPT: Scene = {
  ...PLAIN,
  name: "corrupt",
  served: ({ bytes, version }) =>
    version === NEW ? bytes.map((byte, index) => (index === 1000 ? byte ^ 4 : byte)) : bytes,
  ends: [{ version: OLD, result: /"fail".*"-4".*md5 not match/ }],
};

/** A person is asked about every step; no manifest is looked for. */
const ASKING = { consent: "ask", installWhen: "accepted", manifest: false } as const;

/** A result is lost, then the PUBACKs of two results, then a result again. */
const LOSSES: readonly Loss[] = ["report", "answer", "answer", "report"];

const NEW_SUB = "2.0.0";
const SUBS: SubScene = { names: ["light1", "light2"], file: NEW_SUB, ends: [{ version: NEW_SUB, result: /"done"/ }] };

/** Two sub-devices are offered the same file: one download, two installations. */
const STAGED: Scene = {
  ...PLAIN,
  name: "staged",
  firmware: { ...ALL, [NEW_SUB]: firmware(NEW_SUB, IMAGE_LENGTH + 32) },
  start: () => gatewayWorld((ALL[OLD] as Firmware).bytes, SUBS.names, OLD_SUB, NEW_SUB),
  subs: SUBS,
  ends: [],
};

const MCU: SubScene = { ...SUBS, names: ["mcu"], components: "asked" };
/** A block behind the first region. */
const MCU_LENGTH = 4 * BLOCK_LENGTH + 48;

/** An MCU alone is updated by the application's code. */
const COMPONENT: Scene = {
  ...PLAIN,
  name: "component",
  firmware: { ...ALL, [NEW_SUB]: firmware(NEW_SUB, MCU_LENGTH) },
  policy: { manifest: false },
  start: () => gatewayWorld((ALL[OLD] as Firmware).bytes, MCU.names, OLD_SUB, NEW_SUB),
  subs: MCU,
  ends: [],
};

const HELD_BACK = { version: OLD, result: /"fail".*"-5".*mcu failed/ };
const HELD_BACK_MCU = { ...HELD_BACK, version: OLD_SUB };
const MCU_REFUSED = { version: OLD_SUB, result: /"fail".*"-5".*no such chip/ };

/** Both are small, and each has a manifest: the MCU first, then the own firmware. */
const TOGETHER: Scene = {
  ...COMPONENT,
  name: "together",
  firmware: { ...ALL, [NEW]: firmware(NEW, SMALL_LENGTH), [NEW_SUB]: firmware(NEW_SUB, SMALL_LENGTH + 16) },
  policy: {},
  manifests: {
    [NEW]: { kind: "module", sourceVersion: OLD },
    [NEW_SUB]: { component: "mcu", kind: "mcu", sourceVersion: OLD_SUB },
  },
  start: () => gatewayWorld((ALL[OLD] as Firmware).bytes, MCU.names, OLD_SUB, NEW_SUB, NEW),
  ends: UPDATE.ends,
};

export const SCENES: readonly Scene[] = [
  UPDATE,
  {
    ...PLAIN,
    name: "blank",
    firmware: { ...ALL, [NEW]: firmware(NEW, IMAGE_LENGTH, { from: 2 * BLOCK_LENGTH, to: 5 * BLOCK_LENGTH }) },
    ends: [{ version: NEW, result: /"done"/ }, REVERTED],
  },
  // After a cut during the trial the image is offered once more: it is whole in the other slot.
  { ...UPDATE, name: "retried", retries: true },
  UNPROVEN,
  UNFIT,
  // Once a third of the file is stored, the operator offers another version.
  {
    ...PLAIN,
    name: "replaced",
    onReport: (view, word) => replaceBy(OTHER, view, word),
    ends: [{ version: OTHER, result: /"done"/ }, REVERTED],
  },
  // Once a third of the file is stored, another file is offered as the same version.
  {
    ...PLAIN,
    name: "rebuilt",
    onReport: (view, word) => replaceBy(REBUILT, view, word),
    ends: [{ version: NEW, result: /"done"/ }, REVERTED],
  },
  // The file server ends every other connection after two pieces.
  { ...PLAIN, name: "broken", breaks: true, ends: [{ version: NEW, result: /"done"/ }, REVERTED] },
  CORRUPT,
  { ...UPDATE, name: "lossy", losses: LOSSES },
  { ...CORRUPT, name: "lossy-corrupt", losses: LOSSES },
  { ...UPDATE, name: "full", fills: true },
  { ...UNPROVEN, name: "full-unproven", fills: true },
  { ...CORRUPT, name: "full-corrupt", fills: true },
  // Deferred once before each step, then accepted.
  {
    ...UPDATE,
    name: "deferred",
    plans: { policy: ASKING, script: { download: ["defer", "accept"], install: ["defer", "accept"] } },
  },
  // The same for a small image, which is deferred before its download alone.
  {
    ...UPDATE,
    name: "full-deferred",
    firmware: { ...ALL, [NEW]: firmware(NEW, SMALL_LENGTH) },
    fills: true,
    plans: { policy: ASKING, script: { download: ["defer", "accept"], install: ["accept"] } },
  },
  {
    ...UPDATE,
    name: "declined",
    plans: { policy: ASKING, script: { download: ["accept"], install: ["decline"] } },
    keeps: true,
    ends: [{ version: OLD, result: /"fail".*"-5".*declined/ }],
  },
  {
    ...UPDATE,
    name: "full-declined",
    firmware: { ...ALL, [NEW]: firmware(NEW, SMALL_LENGTH) },
    fills: true,
    plans: { policy: ASKING, script: { download: ["accept"], install: ["decline"] } },
    keeps: true,
    ends: [{ version: OLD, result: /"fail".*"-5".*declined/ }],
  },
  STAGED,
  // Sub-device and gateway are both to be updated, and share a slot.
  {
    ...STAGED,
    name: "shared",
    start: () => gatewayWorld((ALL[OLD] as Firmware).bytes, ["light1"], OLD_SUB, NEW_SUB, NEW),
    subs: { ...SUBS, names: ["light1"], slot: true },
    ends: UPDATE.ends,
  },
  { ...STAGED, name: "staged-lossy", losses: LOSSES },
  {
    ...STAGED,
    name: "staged-corrupt",
    start: () => gatewayWorld((ALL[OLD] as Firmware).bytes, ["light1"], OLD_SUB, NEW_SUB),
    served: ({ bytes, version }) =>
      version === NEW_SUB ? bytes.map((byte, index) => (index === 1000 ? byte ^ 4 : byte)) : bytes,
    subs: { ...SUBS, names: ["light1"], ends: [{ version: OLD_SUB, result: /"fail".*"-4".*md5 not match/ }] },
  },
  // Somebody is asked, once for both of them.
  {
    ...STAGED,
    name: "staged-deferred",
    firmware: { ...ALL, [NEW_SUB]: firmware(NEW_SUB, SMALL_LENGTH) },
    plans: { policy: ASKING, script: { download: ["defer", "accept"], install: ["defer", "accept"] } },
  },
  {
    ...STAGED,
    name: "staged-declined",
    firmware: { ...ALL, [NEW_SUB]: firmware(NEW_SUB, SMALL_LENGTH) },
    plans: { policy: ASKING, script: { download: ["accept"], install: ["decline"] } },
    subs: { ...SUBS, ends: [{ version: OLD_SUB, result: /"fail".*"-5".*declined/ }] },
  },
  COMPONENT,
  // The MCU cannot report whether it took the image: after a cut the image is handed over once more.
  { ...COMPONENT, name: "component-mute", subs: { ...MCU, components: "mute" } },
  // The MCU reports that it took the image, but runs the old one.
  {
    ...COMPONENT,
    name: "component-lying",
    subs: {
      ...MCU,
      components: "lying",
      ends: [...MCU.ends, { version: OLD_SUB, result: /"fail".*"-5".*installed, but runs version 1\.0\.0/ }],
    },
  },
  { ...COMPONENT, name: "component-lossy", losses: LOSSES },
  {
    ...COMPONENT,
    name: "full-component",
    firmware: { ...ALL, [NEW_SUB]: firmware(NEW_SUB, SMALL_LENGTH) },
    fills: true,
  },
  TOGETHER,
  { ...TOGETHER, name: "full-together", fills: true, ends: [...UPDATE.ends, HELD_BACK] },
  // The MCU refuses the image once. After a cut it gets the image again; otherwise the own firmware is held back.
  {
    ...TOGETHER,
    name: "together-refused",
    subs: { ...MCU, components: "refusing", ends: [...MCU.ends, MCU_REFUSED] },
    ends: [...UPDATE.ends, HELD_BACK],
  },
  {
    ...TOGETHER,
    name: "full-refused",
    fills: true,
    policy: { manifest: false },
    subs: { ...MCU, components: "refusing", ends: [...MCU.ends, MCU_REFUSED] },
    ends: [...UPDATE.ends, HELD_BACK],
  },
  // The same with a lamp that depends on the MCU, and wants the same file.
  {
    ...TOGETHER,
    name: "together-chained",
    start: () => gatewayWorld((ALL[OLD] as Firmware).bytes, ["mcu", "lamp"], OLD_SUB, NEW_SUB, NEW),
    policy: { manifest: false },
    subs: {
      ...MCU,
      names: ["mcu", "lamp"],
      components: "refusing",
      dependsOn: { lamp: ["mcu"] },
      ends: [...MCU.ends, MCU_REFUSED, HELD_BACK_MCU],
    },
    ends: [...UPDATE.ends, { version: OLD, result: /"fail".*"-5".*lamp failed/ }],
  },
  ...SEAL_SCENES,
  ...PACKAGE_SCENES,
  ...SEALED_PACKAGE_SCENES,
];
