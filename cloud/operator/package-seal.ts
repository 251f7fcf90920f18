import { chipNameOf } from "../files/image-header.js";
import { NO_CHIP } from "../../src/seal/format.js";
import { OWN_FIRMWARE } from "../fleet/types.js";
import { reportSeal } from "../seal/inspect.js";
import type { FirmwareFile } from "../seal/read-file.js";
import { type PackageSeal, Refusal } from "./types.js";

/** What a file is added as. */
export interface AddedAs {
  readonly fileName: string;
  readonly productId: string;
  readonly component: string;
  readonly version: string;
}

/**
 * Compares a file's seal with the file and with what it is added as. Whose keys are trusted the cloud does not know:
 * that is for the devices, and for `firmware add --trust`.
 *
 * @returns what is shown of it; `undefined` if there is none
 * @throws Refusal if no device would take the file
 */
export function sealOf(content: FirmwareFile, { fileName, productId, component, version }: AddedAs) {
  const { state, problem } = reportSeal(content.seal, content.imageSha256, content.header);
  if (state === "none" || "code" in content.seal) {
    if (problem !== undefined) throw new Refusal("invalid", `${fileName}: ${problem}`);
    return undefined;
  }
  if (problem !== undefined) throw new Refusal("invalid", `${fileName}: ${problem}`);
  const { seal } = content;
  if (seal.version !== version) {
    throw new Refusal("conflict", `${fileName} is sealed as version ${seal.version}, and not as ${version}`);
  }
  const product = component === OWN_FIRMWARE ? productId : component;
  if (seal.product !== product) {
    throw new Refusal("conflict", `${fileName} is sealed for ${seal.product}, and not for ${product}`);
  }
  const shown: PackageSeal = {
    securityVersion: seal.securityVersion,
    built: seal.built,
    keyIds: seal.signatures.map(({ keyId }) => Buffer.from(keyId).toString("hex")),
  };
  return shown;
}

/**
 * Compares a package that was made elsewhere with what it is added as.
 *
 * @param sourceVersion as the request has it; empty: it says none
 * @returns the version that a device must run; empty if it may be any
 * @throws Refusal if no device would take it
 */
export function sourceOf({ packed }: FirmwareFile, as: AddedAs, sourceVersion: string): string {
  if (packed === undefined) return sourceVersion;
  const { fileName, version } = as;
  const { resultVersion, base } = packed;
  if (resultVersion !== version) {
    throw new Refusal("conflict", `${fileName} makes version ${resultVersion}, and not ${version}`);
  }
  if (sourceVersion !== "" && sourceVersion !== base?.version) {
    const from = base === undefined ? "is a compressed image, and no delta" : `is a delta from ${base.version}`;
    throw new Refusal("conflict", `${fileName} ${from}, and not one from ${sourceVersion}`);
  }
  return base?.version ?? "";
}

/** @returns the chip that a file names, by its seal or by the image's own header; `undefined` if it names none */
export function chipOf({ header, seal, packed }: FirmwareFile): string | undefined {
  if (header !== undefined) return header.chip;
  if (packed !== undefined) return packed.chipId === NO_CHIP ? undefined : chipNameOf(packed.chipId);
  return "code" in seal || seal.chipId === NO_CHIP ? undefined : chipNameOf(seal.chipId);
}
