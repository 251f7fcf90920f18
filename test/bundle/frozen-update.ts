import { bundleUrl, loadParts } from "../support/built.js";
import { NODE } from "../support/engines.js";
import { TestBed } from "../support/test-bed.js";
import { languageObjects, Preloaded } from "./preloaded.js";

/**
 * A program, not a test: a whole update of the simulated board by the minified bundle, in an engine whose own objects
 * are frozen and with the bundle as preload leaves it. Run with `--import register.js`. Prints one line of JSON.
 */
export interface FrozenUpdate {
  readonly words: readonly string[];
  readonly boots: readonly string[];
  /** How many objects live as long as the module. */
  readonly reached: number;
  readonly changes: readonly string[];
  readonly md5: string;
  readonly expectedMd5: string;
}

const language = languageObjects();
const preloaded = new Preloaded((await import(bundleUrl("moddable-ota"))) as object, language);
const parts = await loadParts();
const preloadedParts = new Preloaded(parts, language);
const bed = await TestBed.start({ engine: NODE });
for (const object of language) Object.freeze(object);
try {
  await bed.update();
  // The simulated board has a digest of its own: a board without one has spark-md5.
  const md5 = parts.createMd5({ create: () => undefined });
  for (let at = 0; at < bed.image.byteLength; at += 1000) md5.update(bed.image.subarray(at, at + 1000));
  const result: FrozenUpdate = {
    words: bed.platform.words(),
    boots: bed.boots,
    reached: preloaded.paths.length,
    changes: [...preloaded.changes(), ...preloadedParts.changes()],
    md5: Buffer.from(md5.digest()).toString("hex"),
    expectedMd5: bed.server.md5,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
} finally {
  await bed.stop();
}
