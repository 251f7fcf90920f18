import { z } from "zod";
import type { DeviceView, EventView, TaskView } from "../../operator/types.js";
import { type Columns, EXPORT_FORMATS, exportResponse } from "../export.js";
import { printableJson } from "../printable.js";
import { type Route, route } from "../route.js";
import { deviceFilter, deviceFilterOf } from "../schemas/devices.js";
import { eventFilter, eventFilterOf } from "../schemas/operations.js";
import { taskFilter } from "../schemas/plans.js";
import { pageOf } from "./page-of.js";
import { taskFilterOf } from "./plans.js";

const format = z.enum(EXPORT_FORMATS);
const answerTypes = ["text/csv", "application/jsonl"];

const DEVICE_COLUMNS: Columns<DeviceView> = {
  product: ({ productId: product }) => product,
  device: ({ deviceName }) => deviceName,
  versions: ({ versions }) => spell(versions),
  online: ({ online }) => online ?? undefined,
  gateway: ({ gateway }) => (gateway === undefined ? undefined : `${gateway.productId}/${gateway.deviceName}`),
  timeZone: ({ timeZone }) => timeZone,
  language: ({ language }) => language,
  note: ({ note }) => note,
  createdAt: ({ createdAt }) => timeText(createdAt),
  lastSeenAt: ({ lastSeenAt }) => timeText(lastSeenAt),
};

const TASK_COLUMNS: Columns<TaskView> = {
  id: ({ id }) => id,
  plan: ({ planId }) => planId,
  product: ({ productId: product }) => product,
  device: ({ deviceName }) => deviceName,
  component: ({ component }) => component,
  version: ({ version }) => version,
  state: ({ state }) => state,
  reason: ({ reason }) => reason,
  percent: ({ percent }) => percent,
  attempt: ({ attempt }) => attempt,
  resultCode: ({ resultCode }) => resultCode,
  resultMessage: ({ resultMessage }) => resultMessage,
  updatedAt: ({ updatedAt }) => timeText(updatedAt),
};

const EVENT_COLUMNS: Columns<EventView> = {
  id: ({ id }) => id,
  at: ({ at }) => timeText(at),
  kind: ({ kind }) => kind,
  product: ({ device }) => device?.productId,
  device: ({ device }) => device?.deviceName,
  plan: ({ planId }) => planId,
  task: ({ taskId }) => taskId,
  detail: ({ detail }) => printableJson(detail),
};

export const exportRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/export/devices",
    summary: "The devices that fit the filter, as a file.",
    role: "viewer",
    query: z.strictObject({ format, ...deviceFilter }),
    status: 200,
    answerTypes,
    handle: ({ query }, { operator }) => {
      const filter = deviceFilterOf(query);
      return exportResponse({
        name: "devices",
        format: query.format,
        columns: DEVICE_COLUMNS,
        readPage: (after, limit) => operator.devices(filter, pageOf({ ...from(after), limit })),
      });
    },
  }),
  route({
    method: "get",
    path: "/export/tasks",
    summary: "The tasks that fit the filter, as a file.",
    role: "viewer",
    query: z.strictObject({ format, ...taskFilter }),
    status: 200,
    answerTypes,
    handle: ({ query }, { operator }) => {
      const filter = taskFilterOf(query);
      return exportResponse({
        name: "tasks",
        format: query.format,
        columns: TASK_COLUMNS,
        readPage: (after, limit) => operator.tasks(filter, pageOf({ ...from(after), limit })),
      });
    },
  }),
  route({
    method: "get",
    path: "/export/events",
    summary: "The events that fit the filter, as a file.",
    role: "viewer",
    query: z.strictObject({ format, ...eventFilter }),
    status: 200,
    answerTypes,
    handle: ({ query }, { operator }) => {
      const filter = eventFilterOf(query);
      return exportResponse({
        name: "events",
        format: query.format,
        columns: EVENT_COLUMNS,
        readPage: (after, limit) => operator.events(filter, pageOf({ ...from(after), limit })),
      });
    },
  }),
];

function from(after: number | undefined): { readonly after?: number } {
  return after === undefined ? {} : { after };
}

/** `firmware=1.0.0 mcu=2.1` */
function spell(versions: DeviceView["versions"]): string {
  return Object.entries(versions)
    .map(([component, version]) => `${component}=${version}`)
    .join(" ");
}

function timeText(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
