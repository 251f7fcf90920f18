import type { Target } from "../target.js";
import { api } from "./api.js";
import { deviceMessages } from "./device-messages.js";
import { contentRange, retryAfter, url } from "./fields.js";
import { gatewayMessage, updateMarks } from "./gateway.js";
import { exchange, rangeReader } from "./http.js";
import { appImage, partitionsCsv, partitionTable } from "./images.js";
import { deviceInfo, downlink } from "./messages.js";
import { packetReader, session } from "./mqtt.js";
import { packageHeader, packageRecords } from "./packages.js";
import { blocked, manifest, planRecord, requirements } from "./plans.js";
import { floor, publicKey, seal } from "./seals.js";
import { checkpoint, nvs, otaData } from "./storage.js";

/** Everything that reads bytes from outside. */
export const TARGETS: readonly Target[] = [
  downlink,
  deviceInfo,
  gatewayMessage,
  requirements,
  manifest,
  contentRange,
  retryAfter,
  url,
  exchange,
  rangeReader,
  packetReader,
  session,
  checkpoint,
  updateMarks,
  planRecord,
  blocked,
  otaData,
  nvs,
  partitionsCsv,
  partitionTable,
  appImage,
  seal,
  floor,
  publicKey,
  packageRecords,
  packageHeader,
  api,
  deviceMessages,
];
