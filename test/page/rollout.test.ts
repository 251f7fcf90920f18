import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { rosterOf } from "../../cli/demo/roster.js";
import { temporaryFolder } from "../support/folder.js";
import { SKIPPED } from "../support/browser.js";
import { PageBed } from "../support/page-bed.js";
import { DEMO_BOARDS, DEMO_SEED, DEMO_WORDS, firmwareOf, Tester } from "../support/tester.js";

const { boards, faults } = rosterOf(DEMO_BOARDS, DEMO_SEED);
const NAME = "lamps to 0.2.0";
/** The first one is verified. */
const OUT = boards.filter(({ version }) => version === "0.2.0").length + 1;
const IN = DEMO_BOARDS - OUT;

/** @returns the board that the roster gives this fault */
function boardWith(fault: string): string {
  return faults.find((each) => each.fault === fault)?.device ?? "";
}

const BROKEN = boards.find(({ broken }) => broken)?.name ?? "";
const GOOD = boards.find(
  ({ name, version, broken }) =>
    name !== "lamp_01" && version !== "0.2.0" && !broken && faults.every(({ device }) => device !== name),
);

describe(`a plan in the console, with a demo of 12 boards and seed ${DEMO_SEED}`, { skip: SKIPPED }, () => {
  const folder = temporaryFolder();
  let bed: PageBed;
  let tester: Tester;

  before(async () => {
    bed = await PageBed.start(folder.path, { words: DEMO_WORDS });
    tester = new Tester(await bed.open());
    await tester.upload(firmwareOf(folder.path, "0.2.0"));
    await tester.verifyOn("lamp_01");
    await tester.headSays(tester.words.codes.packageState["verified"]);
  });

  after(async () => {
    await bed.close();
    folder.remove();
  });

  test("it is written step by step with the preview beside it, saved as a draft, and changed", async () => {
    const { page, words } = tester;
    const { planForm, common, codes, plans } = words;
    await tester.follow(words.packages.makePlan);
    const preview = page.getByRole("complementary", { name: planForm.preview });
    const sees = async (): Promise<void> => {
      await tester.seesText(planForm.previewMatches(String(IN), false), preview);
      await tester.seesText(planForm.previewLeft(String(OUT), false), preview);
      await tester.seesText(codes.match["runs-target"] ?? "", preview);
    };
    await sees();
    await tester.fill(common.name, NAME);
    await tester.next();
    await page.getByLabel(planForm.deny, { exact: true }).fill(GOOD?.name ?? "");
    await tester.seesText(planForm.previewMatches(String(IN - 1), false), preview);
    await tester.seesText(codes.match["denied"] ?? "", preview);
    await page.getByLabel(planForm.deny, { exact: true }).fill("");
    await sees();
    await tester.next();
    await sees();
    await tester.next();
    await tester.press(planForm.canarySet);
    assert.equal(await page.getByLabel(`${planForm.stage(1)}, %`).inputValue(), String(100 / IN));
    await tester.seesText(planForm.stageDevices("1", true));
    await sees();
    await tester.next();
    assert.equal(await page.getByLabel(planForm.silentAfter, { exact: true }).inputValue(), "20");
    await sees();
    await tester.next();
    await sees();
    await tester.press(planForm.savePlan);
    await tester.headSays(codes.planState["draft"]);
    await tester.seesText(plans.matchesNow(IN));

    await tester.press(plans.edit);
    await tester.seesText(planForm.titleEdit(NAME));
    await tester.step("if");
    await tester.fill(planForm.silentAfter, "10");
    await tester.step("end");
    await tester.seesText(planForm.sumSilent("10 seconds"));
    await tester.press(planForm.savePlan);
    await tester.headSays(codes.planState["draft"]);
  });

  test("it is activated by its dialog, one board goes first, and each that does not come has its reason", async () => {
    const { page, words } = tester;
    const { codes, plans } = words;
    await tester.press(plans.activate);
    const dialog = page.getByRole("dialog");
    await tester.seesText(plans.confirm.activate(IN), dialog);
    await tester.seesText(plans.confirm.activateLeft(OUT), dialog);
    // The first board by its name is a good one.
    await bed.online(DEMO_BOARDS);
    await tester.confirm(plans.activate);
    await tester.headSays(codes.planState["active"]);
    const { taskState, reason } = codes;
    const ends = [
      [boardWith("wrong-bytes"), taskState.failed, reason["-4"]],
      [BROKEN, taskState.failed, reason["-5"]],
      [boardWith("power-off"), taskState.silent, reason.offered],
      [boardWith("low-battery"), taskState.declined, "battery at 12 %, 30 % needed"],
    ] as const;
    const chips = page.getByRole("group", { name: plans.reasons });
    for (const [board, state, text] of ends) {
      await tester.seesText(text, tester.row(board));
      await tester.seesText(state, tester.row(board));
      // Each person may give another reason for a no: the chips have codes only.
      if (state !== taskState.declined) await tester.seesText(text, chips);
    }
    await tester.seesText("self test: the LED driver does not answer", tester.row(BROKEN));
    const planId = /\/plans\/(\d+)/.exec(page.url())?.[1] ?? "";
    const { items } = (await bed.api("GET", `/events?plan=${planId}&limit=1000&order=oldest`)) as {
      items: { kind: string; device?: { deviceName: string } }[];
    };
    const offered = items.filter(({ kind }) => kind === "task-offered").map(({ device }) => device?.deviceName);
    const first = items.findIndex(({ kind }) => kind === "task-succeeded");
    const second = items.findIndex(({ kind, device }) => kind === "task-offered" && device?.deviceName !== offered[0]);
    const seen = items.map(({ kind, device }) => `${kind} ${device?.deviceName ?? ""}`).join(", ");
    assert.ok(first !== -1 && first < second, `nobody else was offered anything before the first board came: ${seen}`);
    await tester.click(tester.row(BROKEN));
    const panel = page.getByRole("complementary", { name: plans.openLog(BROKEN) });
    await tester.seesText(codes.event["fail-reported"] ?? "", panel);
    await tester.seesText("self test: the LED driver does not answer", panel);
    await page.keyboard.press("Escape");
    await page.getByRole("tab", { name: plans.tab.left, exact: true }).click();
    await tester.seesText(codes.match["runs-target"] ?? "");
    await page.getByRole("tab", { name: plans.tab.log, exact: true }).click();
    await tester.seesText(codes.event["plan-activated"] ?? "");
    await page.getByRole("tab", { name: plans.tab.devices, exact: true }).click();
  });

  test("the faults are removed, the failed and silent are tried again, the declined by its row; all come but one", async () => {
    const { page, words } = tester;
    const { codes, plans, faults: texts, common } = words;
    const plan = page.url();
    await tester.visit("faults");
    await page
      .getByRole("row")
      .filter({ hasText: boardWith("wrong-bytes") })
      .waitFor();
    await tester.press(`${texts.clear}: ${texts.kinds["wrong-bytes"]}`);
    await page
      .getByRole("row")
      .filter({ hasText: boardWith("wrong-bytes") })
      .waitFor({ state: "detached" });
    await tester.press(texts.clearAll);
    await tester.confirm(texts.clearCount(faults.length - 1));
    await tester.seesText(texts.empty);
    await page.goto(plan);
    await tester.press(plans.retry);
    await tester.seesText(plans.confirm.retry(2, 1), page.getByRole("dialog"));
    await tester.confirm(plans.retry);
    for (const fault of ["wrong-bytes", "power-off", "slow"])
      await tester.seesText(codes.taskState.succeeded, tester.row(boardWith(fault)));
    await tester.seesText(codes.taskState.failed, tester.row(BROKEN));

    const declined = tester.row(boardWith("low-battery"));
    await tester.click(declined.getByRole("checkbox"));
    await tester.press(plans.retrySelected(1));
    await tester.confirm(plans.retrySelected(1));
    await tester.seesText(codes.taskState.succeeded, declined);
    await tester.headSays(codes.planState["finished"]);

    const [download] = await Promise.all([page.waitForEvent("download"), tester.follow(common.exportCsv)]);
    const lines = readFileSync(await download.path(), "utf8")
      .trim()
      .split("\n");
    const columns = (lines[0] ?? "").split(",");
    const at = (name: string): number => columns.findIndex((column) => column.trim() === name);
    const exported = lines
      .slice(1)
      .map((line) => line.split(","))
      .map((cells) => `${cells[at("device")]} ${cells[at("state")]}`)
      .sort();
    const expected = boards
      .filter(({ name, version }) => name !== "lamp_01" && version !== "0.2.0")
      .map(({ name, broken }) => `${name} ${broken ? "failed" : "succeeded"}`);
    assert.deepEqual(exported, expected);
  });
});
