import { resolve } from "node:path";
import { reportPackage } from "../../cloud/delta/inspect.js";
import { OtaError } from "../../src/errors.js";
import { fileContent } from "../../cloud/files/file-content.js";
import { MOST_FILE_BYTES } from "../../cloud/files/firmware-files.js";
import { openRegularFile } from "../../cloud/store/regular-file.js";
import { reportSeal, type SealReport } from "../../cloud/seal/inspect.js";
import { type FirmwareFile, readFirmwareFile } from "../../cloud/seal/read-file.js";
import { sealImage } from "../../cloud/seal/sign.js";
import { EXIT_FAILED, UsageError } from "../command-line.js";
import { readWholeFile, writeBytes } from "../files.js";
import { readSigningKeys, readTrustedKeys } from "./keys.js";
import { describePackage } from "./package-text.js";
import { describeFirmwareFile, describeSeal } from "./seal-text.js";
import { say, sayJson } from "./text.js";

export interface SignOptions {
  readonly key: readonly string[];
  readonly signWith?: string;
  readonly product: string;
  readonly version?: string;
  readonly securityVersion?: number;
}

/** `ota-cloud firmware sign` */
export async function firmwareSign(
  file: string,
  { output, ...options }: SignOptions & { output: string },
): Promise<void> {
  if (resolve(file) === resolve(output)) throw new UsageError("--output is the image itself: give another file");
  const sealed = signed(file, options);
  writeBytes(output, sealed);
  const { seal } = await inspectFile(output, options.key);
  for (const line of describeSeal(seal)) say(line);
  say(`wrote ${output}: ${sealed.byteLength} bytes`);
}

/** @returns the sealed file @throws UsageError, CloudError */
export function signed(file: string, { key, signWith, product, version, securityVersion }: SignOptions): Buffer {
  return sealImage({
    image: readWholeFile(file, MOST_FILE_BYTES),
    keys: readSigningKeys(key),
    product,
    built: Math.floor(Date.now() / 1000),
    ...(signWith === undefined ? {} : { signWith }),
    ...(version === undefined ? {} : { version }),
    ...(securityVersion === undefined ? {} : { securityVersion }),
  });
}

/** `ota-cloud firmware inspect`: the exit code is 1 if a device that has the trusted keys would refuse the file. */
export async function firmwareInspect(
  file: string,
  { trust = [], json }: { readonly trust?: readonly string[]; readonly json?: boolean },
): Promise<void> {
  const { content, seal } = await inspectFile(file, trust);
  const { byteLength, header, packed } = content;
  if (byteLength === 0) throw new UsageError(`${file} is empty`);
  const report = packed === undefined ? undefined : reportPackage(packed, readWholeFile(file, MOST_FILE_BYTES));
  if (json === true)
    sayJson({ file, byteLength, image: header ?? null, ...(report === undefined ? {} : { package: report }), seal });
  else {
    for (const line of describeFirmwareFile(file, content)) say(line);
    for (const line of report === undefined ? [] : describePackage(report)) say(line);
    for (const line of describeSeal(seal)) say(line);
  }
  const isRefused = seal.problem !== undefined || report?.problem !== undefined;
  if (isRefused || (trust.length > 0 && seal.state === "none")) process.exitCode = EXIT_FAILED;
}

/**
 * @param trust files of the keys to compare the signatures with
 * @throws UsageError if it cannot be read
 */
export async function inspectFile(
  file: string,
  trust: readonly string[],
): Promise<{ readonly content: FirmwareFile; readonly seal: SealReport }> {
  const trusted = readTrustedKeys(trust);
  const opened = await openRegularFile(file);
  try {
    const content = await readFirmwareFile(await fileContent(opened));
    return { content, seal: reportSeal(content.seal, content.imageSha256, content.header, trusted) };
  } catch (error) {
    if (!(error instanceof OtaError)) throw error;
    throw new Error(`${file}: no device takes it: ${error.code}: ${error.message}`, { cause: error });
  } finally {
    await opened.close();
  }
}
