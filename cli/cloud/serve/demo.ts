import { join } from "node:path";
import { UsageError } from "../../command-line.js";
import { DemoFolder } from "../../demo/folder.js";
import type { ServeOptions } from "./options.js";

/** Folder of the demo inside of the state. */
const DEMO_FOLDER = "demo";

/** @throws UsageError if the boards of a demo could not speak to such a cloud */
export function openDemo({ state, demo, demoSeed, broker, tlsCert }: ServeOptions): DemoFolder {
  if (broker !== undefined) throw new UsageError("--demo needs the cloud's own broker: leave --broker out");
  if (tlsCert !== undefined) throw new UsageError("the boards of --demo speak no TLS: leave --tls-cert out");
  return DemoFolder.open(join(state, DEMO_FOLDER), { boards: demo === true ? undefined : demo, seed: demoSeed });
}
