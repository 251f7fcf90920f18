import type { Readable } from "node:stream";
import type { DeviceName, FirmwareManifest } from "../../types.js";
import type { Actor, Page, Paged } from "./common.js";
import type { PlanView } from "./plans.js";

export type PackageState = "uploaded" | "verifying" | "verified" | "rejected" | "withdrawn";

/** What is known of a file that is sealed. Its version, product and hash were found to be those of the package. */
export interface PackageSeal {
  /** No device that has confirmed a higher one takes the file. */
  readonly securityVersion: number;
  /** When it was sealed, as the signer says; Unix seconds. */
  readonly built: number;
  /** Ids of the keys that have signed, 16 hexadecimal digits each. */
  readonly keyIds: readonly string[];
}

/**
 * A delta, or a compressed image, that the cloud makes of a package's first file. A device is offered one in the place
 * of that file if it fits and pays.
 */
export interface PackageVariantView {
  readonly id: number;
  readonly form: "delta" | "compressed";
  /** Of a delta: the version that a device must run. */
  readonly sourceVersion?: string;
  /**
   * `removing`: it was removed, and is offered to nobody any more; devices that were offered it before get its file
   * until their tasks have ended.
   */
  readonly state: "queued" | "making" | "ready" | "failed" | "removing";
  /** Why it failed. */
  readonly reason?: string;
  /** How far its making is. */
  readonly percent: number;
  /** Absent, as are the three that follow, until it is ready. */
  readonly size?: number;
  readonly md5?: string;
  readonly sha256?: string;
  /** It is smaller than the file by as much as the settings demand. Otherwise it is not offered. */
  readonly pays?: boolean;
  readonly createdAt: number;
}

export interface NewVariants {
  /** Versions that devices run. A full package of each must be there: its file is the base. */
  readonly deltaFrom?: readonly string[];
  /** For devices of any version. */
  readonly compressed?: boolean;
}

export interface PackageView {
  readonly id: number;
  readonly productId: string;
  readonly component: string;
  readonly version: string;
  readonly kind: "module" | "mcu";
  readonly form: "full" | "delta";
  readonly sourceVersion?: string;
  readonly name: string;
  readonly remark: string;
  readonly state: PackageState;
  readonly stateReason?: string;
  readonly chip?: string;
  /** Name of the project in the image's descriptor. */
  readonly project?: string;
  /** Absent: the file has no seal. */
  readonly seal?: PackageSeal;
  readonly requirements?: FirmwareManifest;
  readonly files: readonly {
    readonly name: string;
    readonly size: number;
    readonly md5: string;
    readonly sha256: string;
  }[];
  readonly variants: readonly PackageVariantView[];
  readonly createdAt: number;
}

export interface NewPackage {
  readonly productId: string;
  readonly version: string;
  /** Default: `firmware`, or what the requirements name. */
  readonly component?: string;
  readonly kind?: "module" | "mcu";
  readonly name?: string;
  readonly remark?: string;
  readonly requirements?: FirmwareManifest;
  /** Name of the file, whose ending must be one of the formats. */
  readonly fileName: string;
  /** Bytes of the content, if they are known before it is read. Over the API they must be. */
  readonly size?: number;
  /** Replaces the files of the same package if no plan has used it. Without it a second upload is refused. */
  readonly replace?: boolean;
}

export interface PackageOperations {
  packages(productId: string | undefined, page: Page): Promise<Paged<PackageView>>;
  package(id: number): Promise<PackageView>;
  /** @param content the file, read once as a stream; at most 100 MB */
  addPackage(request: NewPackage, content: Readable, actor: Actor): Promise<PackageView>;
  /**
   * Adds a further file to a package, up to five. A plan takes one file for each component: a package with more files
   * than that cannot be activated.
   */
  addPackageFile(
    id: number,
    request: { readonly fileName: string; readonly size?: number },
    content: Readable,
    actor: Actor,
  ): Promise<PackageView>;
  /**
   * Begins to make deltas and a compressed image, in the background: the package shows how far they are. One that is
   * there stays, one that has failed is begun anew.
   */
  addVariants(id: number, wanted: NewVariants, actor: Actor): Promise<PackageView>;
  /**
   * Removes one, and ends its making. If devices were offered it, it is `removing` until the last of their tasks has
   * ended or begins another try; otherwise the package has it no more.
   */
  removeVariant(id: number, variantId: number, actor: Actor): Promise<PackageView>;
  withdrawPackage(id: number, actor: Actor): Promise<PackageView>;
  /** @returns the devices, and products by an empty name, whose secret is in the package's files */
  secretsIn(id: number): Promise<readonly DeviceName[]>;
  /** Starts the verification on one device. @returns its plan, whose only task has the result */
  verify(
    request: {
      readonly productId: string;
      readonly component?: string;
      readonly version: string;
      readonly deviceName: string;
    },
    actor: Actor,
  ): Promise<PlanView>;
}
