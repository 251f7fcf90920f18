import assert from "node:assert/strict";
import { join } from "node:path";
import { Command, Option } from "commander";
import { EXIT_FAILED, positiveCount, runProgram } from "../../cli/command-line.js";
import { rosterOf } from "../../cli/demo/roster.js";
import { SKIPPED } from "../../test/support/browser.js";
import { type Language, PageBed } from "../../test/support/page-bed.js";
import { temporaryFolder } from "../../test/support/folder.js";
import { Tester } from "../../test/support/tester.js";

/*
 * The story of a tester with a demo, from the sign-in until every lamp that can be mended runs 0.2.0. It prints how
 * many steps the person takes and how long it lasts: the time is that of the boards, since a script does not read.
 */

interface StoryOptions {
  readonly boards: number;
  readonly seed: number;
  readonly language: Language;
}

const VERSION = "0.2.0";

const program = new Command("npm run bench:console --")
  .description("Bring a demo to a new version by the console alone, and print the steps and the time that it takes.")
  .option("--boards <n>", "boards of the demo", positiveCount, 50)
  .option("--seed <n>", "which of them misbehave", positiveCount, 1)
  .addOption(new Option("--language <name>", "language of the page").choices(["en", "zh"]).default("en"))
  .action(tell);

async function tell({ boards, seed, language }: StoryOptions): Promise<void> {
  if (SKIPPED !== false) {
    process.stderr.write(`bench:console: ${SKIPPED}\n`);
    process.exitCode = EXIT_FAILED;
    return;
  }
  const folder = temporaryFolder();
  const bed = await PageBed.start(folder.path, { words: ["--demo", String(boards), "--demo-seed", String(seed)] });
  try {
    await story(bed, folder.path, language);
    const lost = rosterOf(boards, seed).boards.filter(({ broken }) => broken).length;
    const { items } = (await bed.api("GET", `/devices?version=${VERSION}&limit=1000`)) as { items: readonly unknown[] };
    assert.equal(items.length, boards - lost, `boards that run ${VERSION}`);
    process.stdout.write(`${items.length} of ${boards} boards run ${VERSION}, and ${lost} cannot\n`);
  } finally {
    await bed.close();
    folder.remove();
  }
}

async function story(bed: PageBed, folder: string, language: Language): Promise<void> {
  const began = performance.now();
  const page = await bed.open("/", { language });
  const tester = new Tester(page, language);
  const { words } = tester;
  const mark = (what: string): void => {
    const seconds = Math.round((performance.now() - began) / 1000);
    process.stdout.write(`${String(tester.steps).padStart(3)} steps ${String(seconds).padStart(4)} s  ${what}\n`);
  };
  await tester.picture("overview");
  await tester.upload(join(folder, "demo", "firmware", `demo-lamp-${VERSION}.bin`));
  mark("uploaded");
  await tester.picture("package");
  await tester.verifyOn("lamp_01");
  await tester.headSays(words.codes.packageState.verified);
  mark("verified");
  await tester.picture("verified");
  await tester.follow(words.packages.makePlan);
  for (const step of ["what", "whom", "when", "pace", "if"]) {
    await page.getByText(/\d/).first().waitFor();
    await page.waitForTimeout(700);
    await tester.picture(`form-${step}`);
    await tester.next();
  }
  await page.waitForTimeout(500);
  await tester.picture("form-end");
  await tester.press(words.planForm.saveAndActivate);
  await tester.picture("activate");
  await tester.confirm(words.planForm.activate);
  mark("activated");
  const { codes, plans } = words;
  const head = page.locator("main header");
  const isOver = async (): Promise<boolean> => (await head.getByText(codes.planState.finished).count()) > 0;
  const isHalted = async (): Promise<boolean> => (await head.getByText(codes.planState.halted).count()) > 0;
  let pictures = 0;
  const end = performance.now() + 420_000;
  const toEnd = async (what: string): Promise<void> => {
    while (!(await isOver())) {
      if (performance.now() > end) throw new Error(`${what}: not finished`);
      if (await isHalted()) {
        mark(`${what}: halted`);
        await tester.picture("halted");
        await tester.press(plans.resume);
        await page.waitForTimeout(1000);
      }
      await page.waitForTimeout(1000);
      pictures += 1;
      if (pictures % 8 === 1) await tester.picture("plan");
    }
    mark(`${what}: finished`);
    await tester.picture("finished");
  };
  await tester.picture("plan");
  await toEnd("first round");
  await tester.visit("overview");
  await page.waitForTimeout(500);
  await tester.picture("overview");
  await tester.visit("faults");
  await page.waitForTimeout(500);
  await tester.picture("faults");
  await tester.press(words.faults.clearAll);
  await tester.picture("clear");
  await tester.click(page.getByRole("dialog").getByRole("button").last());
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  mark("faults cleared");
  await tester.picture("faults-cleared");
  await tester.visit("plans");
  await page.waitForTimeout(500);
  await tester.picture("plans");
  await tester.click(page.getByRole("main").getByRole("link", { name: VERSION }).first());
  await tester.press(plans.retry);
  await tester.picture("retry");
  await tester.confirm(plans.retry);
  await page.waitForTimeout(1500);
  await toEnd("second round");
  await tester.click(page.getByRole("button", { name: new RegExp(codes.taskState.declined) }).first());
  await page.waitForTimeout(700);
  await tester.picture("declined");
  await tester.click(page.getByRole("checkbox", { name: words.common.all, exact: true }));
  await tester.picture("declined-selected");
  await tester.press(plans.retrySelected(1));
  await tester.picture("declined-retry");
  await tester.confirm(plans.retrySelected(1));
  await page.waitForTimeout(1500);
  await toEnd("declined ones");
  await tester.visit("overview");
  await page.waitForTimeout(1500);
  await tester.picture("overview");
}

await runProgram(program);
