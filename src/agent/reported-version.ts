import type { BootStatus, Log } from "../../hal/ports/index.js";
import { OtaError } from "../errors.js";
import { isVersion } from "../protocol/messages.js";

/**
 * The version to report: the configuration's, or that of the running image.
 *
 * @throws OtaError `usage` if that is no version of the platform
 */
export function reportedVersion(configured: string | undefined, { runningVersion }: BootStatus, log: Log): string {
  const version = configured ?? runningVersion;
  if (!isVersion(version)) {
    throw new OtaError("usage", "the running version is not 1 to 32 of [A-Za-z0-9._-]: set `version`");
  }
  if (version !== runningVersion) {
    log("warn", "update", () => `reports ${version}, runs ${runningVersion}: versions of images are not checked`);
  }
  return version;
}
