import type { Generated } from "kysely";

/* Packages, their files, and what the cloud makes of them. */

export interface PackageTable {
  id: Generated<number>;
  productId: number;
  component: string;
  kind: "module" | "mcu";
  form: "full" | "delta";
  /** For a delta: the version that it makes this one from. Empty for a full package. */
  sourceVersion: Generated<string>;
  version: string;
  name: Generated<string>;
  remark: Generated<string>;
  /** JSON: battery, signal and space that the device needs. */
  requirements: string | null;
  state: string;
  stateReason: string | null;
  /** JSON: the state as the machine of packages has it. `state` and `stateReason` are parts of it. */
  data: string;
  /** As read from an ESP32 image. */
  chip: string | null;
  project: string | null;
  /** JSON: what the file's seal says. */
  seal: string | null;
  createdAt: number;
}

export interface PackageFileTable {
  id: Generated<number>;
  packageId: number;
  position: number;
  name: string;
  size: number;
  /** 32 hexadecimal digits in lower case. */
  md5: string;
  sha256: string;
  /** Path in the URL of an offer. Several packages may hold the same bytes; each has a path of its own. */
  path: string;
}

/** A delta or a compressed image that the cloud makes of the first file of a full package. */
export interface PackageVariantTable {
  id: Generated<number>;
  packageId: number;
  /** For a delta: the full package whose first file is the base. `null` once it is being removed. */
  basePackageId: number | null;
  form: "delta" | "compressed";
  /** For a delta: the version that it makes this one from. Empty for a compressed image. One of each for a package. */
  sourceVersion: string;
  /** `removing`: no try that begins is offered it, and it goes with the last task that was. */
  state: "queued" | "making" | "ready" | "failed" | "removing";
  /** Why it failed, for people. */
  reason: string | null;
  /** How far its making is. */
  percent: number;
  /** How often the cloud ended while it was made, and did not put it back. */
  interruptions: Generated<number>;
  /** `null` until it is made, as are the two that follow: they are stored before the file is. */
  size: number | null;
  md5: string | null;
  sha256: string | null;
  /** Path in the URL of an offer; `null` until it is ready. */
  path: string | null;
  createdAt: number;
}

/** A file of a variant that is gone: it is to be removed, and until then nothing may name it. */
export interface FileRemovalTable {
  /** 32 hexadecimal digits in lower case. */
  md5: string;
}
