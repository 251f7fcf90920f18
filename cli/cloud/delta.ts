import { readImageHeader } from "../../cloud/files/image-header.js";
import { makePackage } from "../../cloud/delta/make-package.js";
import { packageRequestOf } from "../../cloud/delta/package-request.js";
import { MAX_IMAGE_LENGTH } from "../../src/package/format.js";
import { isPackage } from "../../src/package/header.js";
import { UsageError } from "../command-line.js";
import { isSameFile, mustBeWritable, readWholeFile, writeWhole } from "../files.js";
import { clearProgress, showProgress } from "./progress.js";
import { say } from "./text.js";

/** `ota-cloud firmware delta` */
export async function firmwareDelta(
  oldFile: string,
  newFile: string,
  { output, fromVersion, toVersion }: { output: string; fromVersion?: string; toVersion?: string },
): Promise<void> {
  for (const path of [oldFile, newFile]) {
    if (isSameFile(output, path)) throw new UsageError(`--output is ${path} itself: give another file`);
  }
  const [base, result] = [readWholeFile(oldFile, MAX_IMAGE_LENGTH), readWholeFile(newFile, MAX_IMAGE_LENGTH)];
  for (const [path, image] of [
    [oldFile, base],
    [newFile, result],
  ] as const) {
    if (image.byteLength === 0) throw new UsageError(`${path} is empty`);
    if (isPackage(image)) {
      throw new UsageError(`${path} is a delta or a compressed image itself: give the image that it makes`);
    }
  }
  const [from, to] = [
    versionOf(base, oldFile, fromVersion, "--from-version"),
    versionOf(result, newFile, toVersion, "--to-version"),
  ];
  if (from === to) {
    throw new UsageError(
      `both are version ${from}, and no device is offered what it runs: give --from-version or --to-version`,
    );
  }
  mustBeWritable(output);
  const request = packageRequestOf({ bytes: result, version: to }, { bytes: base, version: from });
  const onProgress = (percent: number): void => showProgress(`${output}: ${percent}%`);
  const bytes = await makePackage(request, { onProgress }).finally(clearProgress);
  writeWhole(output, bytes);
  const share = ((100 * bytes.byteLength) / result.byteLength).toFixed(1);
  say(`${output}: from version ${from} to ${to}, ${bytes.byteLength} bytes, ${share}% of ${result.byteLength}`);
  if (bytes.byteLength >= result.byteLength) {
    say(`it saves nothing: the images have too little in common. Give devices ${newFile} itself`);
  }
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
