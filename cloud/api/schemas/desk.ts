import { z } from "zod";
import type { CloudStatus, UpgradeRequest } from "../../types.js";
import { deviceName, deviceNameText, id, object, productId, time, version } from "./common.js";
import { named } from "./named.js";

const wholeCount = z.int().min(0);
const versions = z.array(version).min(1).max(1000);
const deviceNames = z.array(deviceNameText).min(1).max(100_000);

export const upgradeRequest = named(
  "UpgradeRequest",
  z.strictObject({
    productId,
    version,
    selection: z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("versions"), fromVersions: versions }),
      z.strictObject({ kind: z.literal("versions-and-devices"), fromVersions: versions, deviceNames }),
      z.strictObject({ kind: z.literal("list"), deviceNames }),
    ]),
  }) satisfies z.ZodType<UpgradeRequest>,
);

export const upgraded = named(
  "Upgraded",
  z.strictObject({
    planId: id,
    devices: wholeCount,
    online: wholeCount.nullable(),
    byReason: z.record(z.string(), wholeCount),
  }),
);

export const status = named(
  "Status",
  z.strictObject({
    devices: z.array(
      z.strictObject({
        ...deviceName.shape,
        version: z.string().exactOptional(),
        online: z.boolean().nullable(),
        gateway: deviceName.exactOptional(),
        task: z
          .strictObject({
            ...deviceName.shape,
            version: z.string(),
            state: z.enum(["to-push", "pushed", "downloading", "burning", "success", "failed", "silent", "cancelled"]),
            percent: z.int().exactOptional(),
            resultCode: z.string().exactOptional(),
            resultMessage: z.string().exactOptional(),
          })
          .exactOptional(),
        lastSeenAt: time.exactOptional(),
        overRate: wholeCount.exactOptional(),
        unansweredChanges: wholeCount.exactOptional(),
      }),
    ),
    firmwares: z.array(
      z.strictObject({
        id,
        productId,
        version: z.string(),
        size: wholeCount,
        md5: z.string(),
        manifest: object.exactOptional(),
      }),
    ),
  }) satisfies z.ZodType<CloudStatus>,
);
