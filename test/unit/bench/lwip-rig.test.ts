import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { flashMs } from "../../../bench/bounds.js";
import { buildRig } from "../../../bench/lwip/build.js";
import { checkMachine } from "../../../bench/lwip/missing.js";
import { runOnce } from "../../../bench/lwip/run.js";
import { downloadedLwip } from "../../../bench/lwip/source.js";
import { type LinkSettings, SHIPPED } from "../../../bench/model/link-settings.js";
import { type Profile, profileOf } from "../../../bench/model/profiles.js";
import { withFolder } from "../../support/folder.js";

const LWIP = downloadedLwip();

/** Why lwIP cannot be measured here. A test does not download its sources. */
function missing(): string | undefined {
  try {
    checkMachine();
  } catch (error) {
    return (error as Error).message;
  }
  return LWIP === undefined ? "no source of lwIP: npm run bench:lwip downloads it" : undefined;
}

const BYTES = 128 * 1024;
/** A fast line and few buffers, so that an erase of a region loses most of a window. */
const SETTINGS: LinkSettings = { ...SHIPPED, name: "few buffers", staticBuffers: 3 };
const PROFILE: Profile = profileOf("wifi");

interface Line {
  readonly atMs: number;
  readonly event: string;
  readonly fields: readonly string[];
}

function linesOf(trace: string): Line[] {
  return trace
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [atMs, event = "", ...fields] = line.split(" ");
      return { atMs: Number(atMs), event, fields };
    });
}

/** @returns the value after a word */
function numberOf({ fields }: Line, word: string): number {
  return Number(fields[fields.indexOf(word) + 1]);
}

test("an update passes over a real lwIP, which stands still while the flash works", { skip: missing() }, async () => {
  await withFolder(async (folder) => {
    const trace = join(folder, "trace.txt");
    const binary = buildRig(LWIP as string, SETTINGS);
    const ms = await runOnce({ binary, profile: PROFILE, settings: SETTINGS, byteLength: BYTES, trace });
    assert.ok(ms > flashMs(PROFILE, BYTES), `${ms} ms are less than the flash takes`);

    const lines = linesOf(readFileSync(trace, "utf8"));
    let stoppedUntilMs = 0;
    let [held, mostHeld] = [0, 0];
    for (const line of lines) {
      if (line.event === "stop") {
        stoppedUntilMs = line.atMs + Number(line.fields[0]);
        held = 0;
      }
      if (line.event === "held") mostHeld = Math.max(mostHeld, ++held);
      // Times are written with three decimals.
      if (line.event === "in" || line.event === "out")
        assert.ok(line.atMs > stoppedUntilMs - 0.01, JSON.stringify(line));
      if (line.event === "out") assert.ok(numberOf(line, "win") <= SETTINGS.windowBytes, JSON.stringify(line));
    }
    assert.equal(mostHeld, SETTINGS.staticBuffers);
    assert.ok(lines.some(({ event }) => event === "dropped"));
    assert.ok(lines.some(({ event, fields }) => event === "out" && fields.includes("sack")));
  });
});
