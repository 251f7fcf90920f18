import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import {
  existsSync,
  rmSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { fileFault } from "../hal/boards/sim/file-fault.js";
import { type DeviceInfo, type Identity, OtaError, parseDeviceInfo } from "../src/index.js";
import { parseRegistrationInfo } from "../src/registration/part.js";
import { readSealKey } from "../cloud/seal/keys.js";
import { UsageError } from "./command-line.js";

/** @throws UsageError */
export function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${fileFault(error)}`);
  }
}

/** @throws UsageError */
export function readStandardInput(): Buffer {
  try {
    return readFileSync(0);
  } catch (error) {
    throw new UsageError(`cannot read standard input: ${fileFault(error)}`);
  }
}

/**
 * Reads a text as editors save it: in UTF-8, or in UTF-16 if it begins with that byte order mark. The mark does not
 * belong to the text.
 *
 * @throws UsageError
 */
export function readText(path: string): string {
  const bytes = readBytes(path);
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
  return new TextDecoder(encoding).decode(bytes);
}

/** Reads a JSON file of the user. @throws UsageError that names the file and never quotes its content */
export function readJson(path: string): unknown {
  const text = readText(path);
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`${path}: not JSON`);
  }
}

/** Reads a regular file as a whole. A pipe is refused, because it may never end. @throws UsageError */
export function readWholeFile(path: string, byteLimit: number): Buffer {
  let status;
  try {
    status = statSync(path);
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${fileFault(error)}`);
  }
  if (!status.isFile() && !status.isDirectory()) {
    throw new UsageError(`cannot read ${path}: it is no regular file: copy it into one first`);
  }
  if (status.size > byteLimit) {
    throw new UsageError(
      `cannot read ${path}: its ${status.size} bytes are more than the ${byteLimit} that a flash can have`,
    );
  }
  return readBytes(path);
}

/** @throws UsageError */
export function writeBytes(path: string, bytes: Uint8Array | string): void {
  inWords(path, () => writeFileSync(path, bytes));
}

/**
 * Writes a file that is under its name only once it is whole: whatever ends the command leaves the one before, or none.
 *
 * @throws UsageError
 */
export function writeWhole(path: string, bytes: Uint8Array): void {
  // Something other than a file, such as /dev/stdout, cannot be replaced.
  if (existsSync(path) && !statSync(path).isFile()) {
    writeBytes(path, bytes);
    return;
  }
  const part = `${path}.part-${process.pid}`;
  try {
    writeFileSync(part, bytes);
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    // In a folder of others, a file may be the user's all the same. Nothing else is worth the file that is there.
    const isOfOthers = ["EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "");
    if (!isOfOthers || !existsSync(path)) throw new UsageError(`cannot write ${path}: ${fileFault(error)}`);
    writeBytes(path, bytes);
  }
}

/** @returns whether both names are of one file */
export function isSameFile(one: string, other: string): boolean {
  if (resolve(one) === resolve(other)) return true;
  if (!existsSync(one) || !existsSync(other)) return false;
  const [first, second] = [statSync(one), statSync(other)];
  return first.dev === second.dev && first.ino === second.ino;
}

/**
 * Writes a file that only the user may read, even if an earlier file of that name could be read by others. @throws
 * UsageError
 */
export function writeSecret(path: string, bytes: Uint8Array | string): void {
  inWords(path, () => {
    const file = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
    try {
      // `open` sets the mode only of a new file. Something other than a file, such as /dev/null, keeps its mode.
      if (fstatSync(file).isFile()) {
        fchmodSync(file, 0o600);
        ftruncateSync(file);
      }
      writeFileSync(file, bytes);
    } finally {
      closeSync(file);
    }
  });
}

/** Finds out whether a file can be written, before its content is there. @throws UsageError */
export function mustBeWritable(path: string): void {
  const isNew = !existsSync(path);
  inWords(path, () => closeSync(openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600)));
  if (isNew) rmSync(path, { force: true });
}

function inWords(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new UsageError(`cannot write ${path}: ${fileFault(error)}`);
  }
}

/** Reads the vendor's device_info.json; the names of certificate files in it are relative to it. @throws UsageError */
export function readIdentity(path: string): Identity & Pick<DeviceInfo, "subDevices"> {
  const text = readText(path);
  try {
    const { authentication, ...info } = parseDeviceInfo(text);
    if (authentication.mode === "KEY") return { ...info, authentication };
    const beside = (file: string): string => resolve(dirname(path), file);
    const certificate = readCertificate(beside(authentication.certificateFile));
    const key = readPrivateKey(beside(authentication.privateKeyFile));
    if (!new X509Certificate(certificate).checkPrivateKey(key)) {
      throw new UsageError(
        `${authentication.privateKeyFile} is not the key of the certificate in ${authentication.certificateFile}`,
      );
    }
    const privateKey = new Uint8Array(key.export({ type: "pkcs8", format: "der" }));
    return { ...info, authentication: { mode: "CERT", certificate, privateKey } };
  } catch (error) {
    if (error instanceof OtaError) throw new UsageError(`${path}: ${error.message}`);
    throw error;
  }
}

/** Stands in for the secret that a device does not have yet. */
const NO_SECRET = "AA==";

/**
 * Reads the device_info.json of a device that registers itself. The secret of the identity is none.
 *
 * @returns `undefined` if the device has a secret or a certificate: that is for `readIdentity` @throws UsageError
 */
export function readRegistration(
  path: string,
): { readonly identity: ReturnType<typeof readIdentity>; readonly productSecret: string } | undefined {
  const text = readText(path);
  try {
    const info = parseRegistrationInfo(text);
    if (info === undefined) return undefined;
    const key = { mode: "KEY", deviceSecret: NO_SECRET } as const;
    const whole: unknown = JSON.parse(text);
    const { subDevices } = parseDeviceInfo(JSON.stringify({ ...(whole as object), key_deviceinfo: key }));
    const { productSecret, ...name } = info;
    return { identity: { ...name, authentication: key, subDevices }, productSecret };
  } catch (error) {
    if (error instanceof OtaError) throw new UsageError(`${path}: ${error.message}`);
    throw error;
  }
}

/** What the boards of a batch have in common, which register themselves. */
export interface BatchInfo {
  readonly productId: string;
  /** Absent: each board chooses its own. */
  readonly deviceName: string | undefined;
  readonly region: string;
  readonly productSecret: string;
}

/** Stands in for the name that a board is to choose. */
const NO_NAME = "board";

/**
 * Reads the device_info.json of a batch: it has a product's secret, and may have no `deviceName`.
 *
 * @returns `undefined` if the device has a secret or a certificate of its own @throws UsageError
 */
export function readBatch(path: string): BatchInfo | undefined {
  const text = readText(path);
  try {
    const { deviceName, ...others } = objectOf(text);
    const isNamed = deviceName !== undefined && deviceName !== "" && deviceName !== "YOUR_DEVICE_NAME";
    const info = parseRegistrationInfo(JSON.stringify({ ...others, deviceName: isNamed ? deviceName : NO_NAME }));
    if (info === undefined) return undefined;
    if (!/^[\x21-\x7e]{16,64}$/.test(info.productSecret)) {
      throw new UsageError(`${path}: productSecret is not 16 to 64 visible ASCII characters`);
    }
    return { ...info, deviceName: isNamed ? info.deviceName : undefined };
  } catch (error) {
    if (error instanceof OtaError) throw new UsageError(`${path}: ${error.message}`);
    throw error;
  }
}

/** An identity of the batch that can be checked in the place of the boards' own. */
export function standInIdentity({ productId, deviceName = NO_NAME, region }: BatchInfo): Identity {
  return { productId, deviceName, region, authentication: { mode: "KEY", deviceSecret: NO_SECRET } };
}

/** @returns nothing of what is no object: that is for the parser of the file to say */
function objectOf(text: string): { readonly [key: string]: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as { readonly [key: string]: unknown }) : {};
  } catch {
    return {};
  }
}

/** @returns the certificate in DER @throws UsageError if the file does not hold exactly one certificate */
export function readCertificate(path: string): Uint8Array {
  const bytes = readBytes(path);
  const found = bytes.toString("latin1").match(/-----BEGIN CERTIFICATE-----/g)?.length ?? 0;
  if (found > 1) throw new UsageError(`${path} holds ${found} certificates: the device takes one`);
  try {
    return new Uint8Array(new X509Certificate(bytes).raw);
  } catch {
    throw new UsageError(`${path} is not a certificate`);
  }
}

/**
 * Reads a public key that seals firmware, `NAME.pub`. The private half beside it is refused: it has no place on a
 * device.
 *
 * @returns its PEM @throws UsageError, CloudError
 */
export function readPublicKey(path: string): string {
  const { publicKey, privateKey } = readSealKey(readText(path), path);
  if (privateKey !== undefined)
    throw new UsageError(`${path} is a private key: a device gets the public half, NAME.pub`);
  return publicKey.export({ type: "spki", format: "pem" }).toString();
}

/** @throws UsageError */
function readPrivateKey(path: string): KeyObject {
  try {
    return createPrivateKey(readBytes(path));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${path} is not a private key`);
  }
}
