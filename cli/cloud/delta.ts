import { readImageHeader } from "../../cloud/files/image-header.js";
import { makePackage } from "../../cloud/delta/make-package.js";
import { packageRequestOf } from "../../cloud/delta/package-request.js";
import { MAX_IMAGE_LENGTH } from "../../src/package/format.js";
import { UsageError } from "../command-line.js";
import { mustBeWritable, readWholeFile, writeBytes } from "../files.js";
import { say } from "./text.js";

/** `ota-cloud firmware delta` */
export async function firmwareDelta(
  oldFile: string,
  newFile: string,
  { output, fromVersion, toVersion }: { output: string; fromVersion?: string; toVersion?: string },
): Promise<void> {
  const [base, result] = [readWholeFile(oldFile, MAX_IMAGE_LENGTH), readWholeFile(newFile, MAX_IMAGE_LENGTH)];
  for (const [path, { byteLength }] of [
    [oldFile, base],
    [newFile, result],
  ] as const) {
    if (byteLength === 0) throw new UsageError(`${path} is empty`);
  }
  const [from, to] = [
    versionOf(base, oldFile, fromVersion, "--from-version"),
    versionOf(result, newFile, toVersion, "--to-version"),
  ];
  mustBeWritable(output);
  const bytes = await makePackage(packageRequestOf({ bytes: result, version: to }, { bytes: base, version: from }));
  writeBytes(output, bytes);
  const share = ((100 * bytes.byteLength) / result.byteLength).toFixed(1);
  say(`${output}: from version ${from} to ${to}, ${bytes.byteLength} bytes, ${share}% of ${result.byteLength}`);
}

/** The version that was given, or that the image says. @throws UsageError */
function versionOf(image: Buffer, path: string, given: string | undefined, option: string): string {
  const version = given ?? readImageHeader(image)?.version;
  if (version === undefined)
    throw new UsageError(`${path} is no image of an ESP32 that says its version: give ${option}`);
  if (!/^[!-~]{1,32}$/.test(version)) {
    throw new UsageError(
      `${JSON.stringify(version)} is no version of 1 to 32 visible ASCII characters: give ${option}`,
    );
  }
  return version;
}
