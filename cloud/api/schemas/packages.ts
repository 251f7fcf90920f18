import { z } from "zod";
import type { FirmwareManifest } from "../../types.js";
import type { NewPackage, NewVariants, PackageVariantView, PackageView } from "../../operator/types.js";
import { component, deviceNameText, id, line, paged, productId, signedNumber, time, version } from "./common.js";
import { wholeNumber, yesOrNo } from "./common.js";
import { named } from "./named.js";

const kind = z.enum(["module", "mcu"]);

export const packageState = z.enum(["uploaded", "verifying", "verified", "rejected", "withdrawn"]);

const requirements = named(
  "Requirements",
  z.strictObject({
    sourceVersion: z.string().exactOptional(),
    minBatteryPercent: z.int().exactOptional(),
    minSignalDbm: z.int().exactOptional(),
    space: z.int().exactOptional(),
    kind: kind.exactOptional(),
    component: z.string().exactOptional(),
  }) satisfies z.ZodType<FirmwareManifest>,
);

const seal = named(
  "Seal",
  z.strictObject({ securityVersion: z.int().min(0), built: z.int().min(0), keyIds: z.array(z.string()) }),
);

const variant = named(
  "PackageVariant",
  z.strictObject({
    id,
    form: z.enum(["delta", "compressed"]),
    sourceVersion: z.string().exactOptional(),
    state: z.enum(["queued", "making", "ready", "failed", "removing"]),
    reason: z.string().exactOptional(),
    percent: z.int().min(0).max(100),
    size: z.int().min(0).exactOptional(),
    md5: z.string().exactOptional(),
    sha256: z.string().exactOptional(),
    pays: z.boolean().exactOptional(),
    createdAt: time,
  }) satisfies z.ZodType<PackageVariantView>,
);

/** Which deltas are to be made, and whether a compressed image. */
export const newVariants = named(
  "NewVariants",
  z.strictObject({
    deltaFrom: z.array(version).min(1).max(20).exactOptional(),
    compressed: z.boolean().exactOptional(),
  }) satisfies z.ZodType<NewVariants>,
);
export const variantInPath = z.strictObject({ id: wholeNumber, variant: wholeNumber });

export const packageView = named(
  "Package",
  z.strictObject({
    id,
    productId,
    component,
    version,
    kind,
    form: z.enum(["full", "delta"]),
    sourceVersion: z.string().exactOptional(),
    name: z.string(),
    remark: z.string(),
    state: packageState,
    stateReason: z.string().exactOptional(),
    chip: z.string().exactOptional(),
    project: z.string().exactOptional(),
    seal: seal.exactOptional(),
    requirements: requirements.exactOptional(),
    files: z.array(z.strictObject({ name: z.string(), size: z.int().min(0), md5: z.string(), sha256: z.string() })),
    variants: z.array(variant),
    createdAt: time,
  }) satisfies z.ZodType<PackageView>,
);
export const packages = paged("Packages", packageView);

/** What an upload says about its file, which is the body. */
export const upload = z.strictObject({
  product: productId,
  version,
  fileName: z.string().min(1).max(255),
  component: component.exactOptional(),
  kind: kind.exactOptional(),
  name: line.exactOptional(),
  remark: line.exactOptional(),
  replace: yesOrNo.exactOptional(),
  sourceVersion: version.exactOptional(),
  minBatteryPercent: wholeNumber.exactOptional(),
  minSignalDbm: signedNumber.exactOptional(),
  space: wholeNumber.exactOptional(),
});

/** @param size bytes of the body */
export function newPackageOf(query: z.output<typeof upload>, size: number): NewPackage {
  const { product, sourceVersion, minBatteryPercent, minSignalDbm, space, ...rest } = query;
  const demands = {
    ...(sourceVersion === undefined ? {} : { sourceVersion }),
    ...(minBatteryPercent === undefined ? {} : { minBatteryPercent }),
    ...(minSignalDbm === undefined ? {} : { minSignalDbm }),
    ...(space === undefined ? {} : { space }),
  };
  return { productId: product, size, ...rest, ...(Object.keys(demands).length === 0 ? {} : { requirements: demands }) };
}

export const verification = named(
  "Verification",
  z.strictObject({ productId, component: component.exactOptional(), version, deviceName: deviceNameText }),
);
