import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Parts from "../bundle/parts.js";
import { ROOT } from "./root.js";

/**
 * What rollup made: minified, for boards or for tests, or as it went into the minifier with each module under its name.
 */
export function bundleText(name: string, form: "moddable" | "readable" | "parts" = "moddable"): string {
  return readFileSync(join(ROOT, "dist", form, `${name}.js`), "utf8");
}

export function bundleUrl(name: string, folder = "moddable"): string {
  return pathToFileURL(join(ROOT, "dist", folder, `${name}.js`)).href;
}

/** The codec, the digest and mqtt-packet as they run on a board: cut down, on the shims, minified. */
export async function loadParts(): Promise<typeof Parts> {
  return (await import(bundleUrl("parts", "parts"))) as typeof Parts;
}
