import { createHash, sign } from "node:crypto";
import {
  decodeSeal,
  encodeBody,
  encodeSeal,
  MAX_SEAL_LENGTH,
  MAX_SIGNATURES,
  NO_CHIP,
  type SealSignature,
  signedBytes,
} from "../../src/seal/format.js";
import { readImageHeader } from "../files/image-header.js";
import { CloudError } from "../types.js";
import { signExternally } from "./external-signer.js";
import type { SealKey } from "./keys.js";
import { isSignedBy } from "./signature.js";

/** A key and the file that it was read from. */
export interface NamedKey {
  readonly file: string;
  readonly key: SealKey;
}

export interface SealRequest {
  /** The image as it was built. */
  readonly image: Buffer;
  /** One to three, each another one. */
  readonly keys: readonly NamedKey[];
  /** Signs for each key that has no private half; a command line. */
  readonly signWith?: string;
  readonly product: string;
  /** Default: that of the image's descriptor. */
  readonly version?: string;
  /** Default: that of the image's descriptor. */
  readonly securityVersion?: number;
  /** Unix seconds. */
  readonly built: number;
}

const TEXT = /^[\x21-\x7e]{1,32}$/;

/**
 * Seals an image: what it is for, which version it is, and its hash, signed by each key.
 *
 * @returns the image and the seal behind it
 * @throws CloudError if the image says something else of itself, is sealed already, or a key cannot sign
 */
export function sealImage(request: SealRequest): Buffer {
  const { image, keys } = request;
  if (keys.length === 0 || keys.length > MAX_SIGNATURES) {
    throw new CloudError(`a seal has 1 to ${MAX_SIGNATURES} signatures`);
  }
  if (new Set(keys.map(({ key }) => key.id.toString("hex"))).size < keys.length) {
    throw new CloudError("the same key was given twice");
  }
  if (image.byteLength === 0) throw new CloudError("the image is empty");
  const end = decodeSeal(image.subarray(-MAX_SEAL_LENGTH), image.byteLength);
  if (!("code" in end) || end.code !== "unsigned") {
    throw new CloudError("the image has a seal already: sign it as it was built, with all keys at once");
  }
  const { version, securityVersion, chipId } = saidOf(request);
  const imageHash = createHash("sha256").update(image).digest();
  const { product, built } = request;
  const fields = { imageLength: image.byteLength, chipId, securityVersion, built, version, product, imageHash };
  const body = encodeBody(fields, keys.length);
  const message = Buffer.from(signedBytes(body));
  const signatures = keys.map((named) => signatureBy(named, message, request.signWith));
  return Buffer.concat([image, encodeSeal(body, signatures)]);
}

/** What the request says of the image, which must be what the image says of itself. */
function saidOf({ image, product, version, securityVersion }: SealRequest): {
  readonly version: string;
  readonly securityVersion: number;
  readonly chipId: number;
} {
  const header = readImageHeader(image);
  if (!TEXT.test(product)) throw new CloudError("a product is 1 to 32 visible ASCII characters");
  if (header === undefined) {
    if (version === undefined) throw new CloudError("the image names no version: give --version");
    if (!TEXT.test(version)) throw new CloudError("a version is 1 to 32 visible ASCII characters");
    if (securityVersion === undefined)
      throw new CloudError("the image names no security version: give --security-version");
    return { version, securityVersion: checkedNumber(securityVersion), chipId: NO_CHIP };
  }
  if (version !== undefined && version !== header.version) {
    throw new CloudError(`the image's descriptor says version ${header.version}, and not ${version}`);
  }
  if (!TEXT.test(header.version)) {
    throw new CloudError("the image's descriptor has no version: set PROJECT_VER where the image is built");
  }
  if (securityVersion !== undefined && securityVersion !== header.secureVersion) {
    throw new CloudError(
      `the image's descriptor says secure version ${header.secureVersion}, and not ${securityVersion}: build it with ` +
        `"defines": { "firmware": { "securityVersion": ${securityVersion} } } in the application's manifest, or with ` +
        `CONFIG_BOOTLOADER_APP_SECURE_VERSION=${securityVersion}`,
    );
  }
  return { version: header.version, securityVersion: header.secureVersion, chipId: header.chipId };
}

function checkedNumber(securityVersion: number): number {
  if (securityVersion <= 0xffff_ffff) return securityVersion;
  throw new CloudError("a security version is a whole number below 4294967296");
}

function signatureBy({ file, key }: NamedKey, message: Buffer, signWith: string | undefined): SealSignature {
  let signature: Buffer;
  if (key.privateKey !== undefined) {
    signature = sign("sha256", message, { key: key.privateKey, dsaEncoding: "ieee-p1363" });
  } else if (signWith === undefined) {
    throw new CloudError(`${file} is only the public half: give the private one, or --sign-with a command that has it`);
  } else {
    signature = signExternally({ command: signWith, message, keyFile: file });
  }
  if (!isSignedBy(key.publicKey, message, signature)) {
    throw new CloudError(`the signature that was made is none by the key ${file}`);
  }
  return { keyId: key.id, signature };
}
