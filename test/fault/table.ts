import { HTTP_RANGES, HTTP_STATUSES } from "./http-answers.js";
import { HTTP_FILES, HTTP_HEADS, HTTP_REDIRECTS } from "./http-heads.js";
import { HTTP_TRANSFER } from "./http-transfer.js";
import { MQTT_MESSAGES } from "./mqtt-messages.js";
import { MQTT_CONNECTIONS, MQTT_DELIVERY } from "./mqtt-table.js";
import type { Behaviour } from "./scenario.js";

export const HTTP_BEHAVIOURS: readonly Behaviour[] = [
  ...HTTP_TRANSFER,
  ...HTTP_STATUSES,
  ...HTTP_RANGES,
  ...HTTP_REDIRECTS,
  ...HTTP_HEADS,
  ...HTTP_FILES,
];

export const MQTT_BEHAVIOURS: readonly Behaviour[] = [...MQTT_CONNECTIONS, ...MQTT_DELIVERY, ...MQTT_MESSAGES];
