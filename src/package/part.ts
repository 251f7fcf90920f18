/**
 * Delta and compressed packages.
 *
 * @module moddable-ota/packages
 */
import type { Device } from "../../hal/ports/index.js";
import type { Unpacker } from "../update/unpacker.js";
import { isPackage } from "./header.js";
import { ResultReading } from "./result-reading.js";
import { PackageUnpacking } from "./unpacking.js";

/**
 * What an application imports as `moddable-ota/packages`: an offered file may be a package, which makes the image from
 * what runs now, or from less than the whole. A board that takes whole images alone does not carry this code.
 */
export type PackagesPart = (options: PackagesOptions) => Unpacker;

/** What the agent hands to the part. */
export interface PackagesOptions {
  readonly device: Device;
}

export const packages: PackagesPart = ({ device }) => ({
  begins(options, gathering, etag, isSpliced) {
    const { writer } = gathering;
    const isFresh = options.stored.resultLength === undefined;
    if (isFresh && !isPackage(writer.content)) return false;
    const readBack = new ResultReading(device.digests, options.target.partition);
    const unpacking = new PackageUnpacking({ device, download: options, gathering, readBack, etag, isSpliced });
    gathering.unpacking = unpacking;
    gathering.readBack = readBack;
    if (isFresh) unpacking.take(writer.content);
    // Where the image goes on says nothing of how far the file was read.
    else gathering.reach = 0;
    return true;
  },
});
