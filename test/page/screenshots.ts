import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { EXIT_FAILED, runProgram } from "../../cli/command-line.js";
import { SKIPPED } from "../support/browser.js";
import { PageBed } from "../support/page-bed.js";
import { temporaryFolder } from "../support/folder.js";
import { ROOT } from "../support/root.js";

/*
 * `npm run docs:screenshots`: the pictures of the console in README.md and docs/console.md, of a real update of the 50
 * boards of the demo.
 */

const PRODUCT = "DEMOLAMP01";
const VERSION = "0.2.0";
const WIDTH = 1280;
const HEIGHT = 800;
const POLL_MS = 1000;
const DEADLINE_MS = 240_000;
/** Boards that neither come late nor ever. */
const ENDED = 44;

interface Counts {
  readonly counts: { readonly [state: string]: number };
  readonly state: string;
}

const program = new Command("npm run docs:screenshots --")
  .description("Make the pictures of the console anew: a demo of 50 boards is updated for them.")
  .option("--output <folder>", "where to write them", join(ROOT, "docs", "images"))
  .action(({ output }: { output: string }) => make(output));

async function make(output: string): Promise<void> {
  if (SKIPPED !== false) {
    process.stderr.write(`docs:screenshots: ${SKIPPED}\n`);
    process.exitCode = EXIT_FAILED;
    return;
  }
  const folder = temporaryFolder();
  const bed = await PageBed.start(folder.path, { words: ["--demo", "50"] });
  try {
    await bed.open();
    say("uploading and verifying");
    const file = join(folder.path, "demo", "firmware", `demo-lamp-${VERSION}.bin`);
    const query = new URLSearchParams({ product: PRODUCT, version: VERSION, fileName: `demo-lamp-${VERSION}.bin` });
    await bed.upload(`/packages?${query.toString()}`, readFileSync(file));
    const verification = await bed.api("POST", "/verify", {
      productId: PRODUCT,
      version: VERSION,
      deviceName: "lamp_01",
    });
    await until(bed, (verification as { id: number }).id, ({ state }) => state === "finished");
    say("updating 50 boards");
    const { id } = (await bed.api("POST", "/plans", {
      name: `lamps to ${VERSION}`,
      product: PRODUCT,
      version: VERSION,
      all: true,
      pace: { maxInFlight: 10, perMinute: 240, stages: [10, 50, 100] },
      halt: { percent: 50, atLeast: 20 },
      retry: [],
      silentAfterSeconds: 20,
    })) as { id: number };
    await bed.api("POST", `/plans/${id}/activate`);
    await until(bed, id, ({ counts }) => endedOf(counts) >= ENDED);
    const { items } = (await bed.api("GET", `/tasks?plan=${id}&state=failed`)) as { items: { id: number }[] };
    for (const language of ["en", "zh"] as const) {
      const pages = [
        ["overview", "/"],
        ["plan", `/plans/${id}?task=${items[0]?.id ?? ""}`],
        ["plan-form", `/plans/new?copy=${id}`],
      ] as const;
      for (const [name, path] of pages) {
        const page = await bed.open(path, { language, width: WIDTH, height: HEIGHT });
        await page.waitForSelector("[aria-busy=true]", { state: "detached" });
        await page.waitForLoadState("networkidle").catch(() => undefined);
        const picture = `console-${name}${language === "zh" ? ".zh-CN" : ""}.png`;
        await page.screenshot({ path: join(output, picture) });
        await page.close();
        say(picture);
      }
    }
  } finally {
    await bed.close();
    folder.remove();
  }
}

async function until(bed: PageBed, planId: number, holds: (plan: Counts) => boolean): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!holds((await bed.api("GET", `/plans/${planId}`)) as Counts)) {
    if (Date.now() > deadline) throw new Error(`plan ${planId} has not come so far in ${DEADLINE_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function endedOf(counts: Counts["counts"]): number {
  return ["succeeded", "failed", "silent", "declined"].reduce((sum, state) => sum + (counts[state] ?? 0), 0);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

await runProgram(program);
