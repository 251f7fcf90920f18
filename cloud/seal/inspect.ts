import { NO_CHIP, type Seal, type SealFault } from "../../src/seal/format.js";
import { chipNameOf, type ImageHeader } from "../files/image-header.js";
import type { SealKey } from "./keys.js";
import { isSignedBy } from "./signature.js";

/** What a file has at its end, for people and for JSON. Hexadecimal digits are in lower case. */
export interface SealReport {
  /** `none`: the file ends without one. `malformed`: it ends like one that a device refuses. */
  readonly state: "none" | "malformed" | "present";
  /** Why a device refuses it; absent if nothing was found wrong. */
  readonly problem?: string;
  readonly version?: string;
  readonly product?: string;
  /** Name of the chip; `none` if it is for a sub-device or an MCU. */
  readonly chip?: string;
  readonly securityVersion?: number;
  /** Unix seconds. */
  readonly built?: number;
  readonly imageLength?: number;
  readonly imageSha256?: string;
  readonly signatures?: readonly SignatureReport[];
}

export interface SignatureReport {
  readonly keyId: string;
  /** The trusted key with this id; absent if none was given. */
  readonly key?: string;
  /** Whether it is a signature by that key; absent if there is none to compare with. */
  readonly valid?: boolean;
}

/** A key that is trusted, and what it is called. */
export interface TrustedKey {
  readonly name: string;
  readonly key: SealKey;
}

/**
 * @param found the end of the file
 * @param imageSha256 of the bytes before the seal; `undefined` if there is none
 * @param header of the image, if it has one
 */
export function reportSeal(
  found: Seal | SealFault,
  imageSha256: string | undefined,
  header: ImageHeader | undefined,
  trusted: readonly TrustedKey[] = [],
): SealReport {
  if ("code" in found) {
    if (found.code === "unsigned") return { state: "none" };
    return { state: "malformed", problem: `the seal is broken: ${found.message}` };
  }
  const { version, product, chipId, securityVersion, built, imageLength } = found;
  const signatures = found.signatures.map((one): SignatureReport => {
    const keyId = Buffer.from(one.keyId).toString("hex");
    const known = trusted.find(({ key }) => key.id.equals(one.keyId));
    if (known === undefined) return { keyId };
    return { keyId, key: known.name, valid: isSignedBy(known.key.publicKey, found.signedBytes, one.signature) };
  });
  const problem = problemOf(found, imageSha256, header) ?? signatureProblem(signatures, trusted);
  return {
    state: "present",
    ...(problem === undefined ? {} : { problem }),
    version,
    product,
    chip: chipId === NO_CHIP ? "none" : chipNameOf(chipId),
    securityVersion,
    built,
    imageLength,
    imageSha256: Buffer.from(found.imageHash).toString("hex"),
    signatures,
  };
}

/** @returns what the seal and the image contradict each other in */
function problemOf(seal: Seal, imageSha256: string | undefined, header: ImageHeader | undefined): string | undefined {
  if (imageSha256 !== Buffer.from(seal.imageHash).toString("hex")) return "the image is not the one that was sealed";
  if (header === undefined) return undefined;
  if (seal.version !== header.version) {
    return `the seal says version ${seal.version}, and the image's descriptor ${header.version}`;
  }
  if (seal.chipId !== header.chipId) {
    return `the seal is for ${seal.chipId === NO_CHIP ? "no chip" : chipNameOf(seal.chipId)}, and the image for ${header.chip}`;
  }
  if (seal.securityVersion !== header.secureVersion) {
    return `the seal says security version ${seal.securityVersion}, and the image's descriptor ${header.secureVersion}`;
  }
  return undefined;
}

function signatureProblem(signatures: readonly SignatureReport[], trusted: readonly TrustedKey[]): string | undefined {
  if (trusted.length === 0 || signatures.some(({ valid }) => valid === true)) return undefined;
  const wrong = signatures.find(({ valid }) => valid === false);
  if (wrong !== undefined) return `the signature by ${wrong.key} is wrong`;
  return `no signature is by ${trusted.map(({ name }) => name).join(" or ")}`;
}
