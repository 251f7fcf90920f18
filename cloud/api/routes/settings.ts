import { type Route, route } from "../route.js";
import { settings, settingsChange } from "../schemas/settings.js";

export const settingsRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/settings",
    summary: "The settings of the cloud: for how many days the history is kept, and what a delta must save.",
    role: "viewer",
    status: 200,
    answer: settings,
    handle: (_asked, { operator }) => operator.settings(),
  }),
  route({
    method: "patch",
    path: "/settings",
    summary: "Changes settings of the cloud.",
    role: "admin",
    body: settingsChange,
    status: 200,
    answer: settings,
    handle: ({ body, actor }, { operator }) => operator.changeSettings(body, actor),
  }),
];
