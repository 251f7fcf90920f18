import type { ResolveHook } from "node:module";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { ROOT } from "../support/root.js";

const at = (...path: string[]): string => pathToFileURL(join(ROOT, "dist", ...path)).href;
const AGENT = at("moddable", "moddable-ota.js");
const PARTS = at("parts", "parts.js");

/** Compiled modules, and the bundle that stands in for each. */
const BUNDLED: ReadonlyMap<string, string> = new Map([
  [at("node", "src", "index.js"), AGENT],
  [at("node", "hal", "boards", "device.js"), AGENT],
  [at("node", "hal", "boards", "main.js"), AGENT],
  [at("node", "src", "gateway", "part.js"), at("moddable", "gateway.js")],
  [at("node", "src", "control", "part.js"), at("moddable", "control.js")],
  [at("node", "src", "components", "part.js"), at("moddable", "plans.js")],
  [at("node", "src", "application-mqtt", "part.js"), at("moddable", "mqtt.js")],
  [at("node", "src", "mqtt", "codec.js"), PARTS],
  [at("node", "src", "image", "digest.js"), PARTS],
]);

export const resolve: ResolveHook = async (specifier, context, next) => {
  // By this name the package gives Node other files, and by the other name none: only the parts use what they share.
  if (specifier === "moddable-ota") return { url: AGENT, shortCircuit: true };
  if (specifier === "moddable-ota/staging") return { url: at("moddable", "staging.js"), shortCircuit: true };
  const resolved = await next(specifier, context);
  return { ...resolved, url: BUNDLED.get(resolved.url) ?? resolved.url };
};
