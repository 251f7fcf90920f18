import { after, before, describe, test } from "node:test";
import { rosterOf } from "../../cli/demo/roster.js";
import { temporaryFolder } from "../support/folder.js";
import { SKIPPED } from "../support/browser.js";
import { PageBed } from "../support/page-bed.js";
import { DEMO_BOARDS, DEMO_SEED, DEMO_WORDS, firmwareOf, Tester } from "../support/tester.js";

const { boards, faults } = rosterOf(DEMO_BOARDS, DEMO_SEED);
const ACCEPTING = "lamp_02";
const DEFERRING = boards.find(({ defersFirst }) => defersFirst)?.name ?? "";
const DECLINING = faults.find(({ fault }) => fault === "low-battery")?.device ?? "";

describe(`a plan that asks, in Chinese, with a demo of 12 boards and seed ${DEMO_SEED}`, { skip: SKIPPED }, () => {
  const folder = temporaryFolder();
  let bed: PageBed;

  before(async () => {
    bed = await PageBed.start(folder.path, { words: DEMO_WORDS });
  });

  after(async () => {
    await bed.close();
    folder.remove();
  });

  test("its texts are wanted in both languages, and one sees who is asked, accepts, defers and declines", async () => {
    const tester = new Tester(await bed.open("/", { language: "zh" }), "zh");
    const { page, words } = tester;
    const { planForm, plans, codes, common } = words;
    await tester.upload(firmwareOf(folder.path, "0.2.0"));
    await tester.verifyOn("lamp_01");
    await tester.headSays(codes.packageState["verified"]);
    await tester.follow(words.packages.makePlan);
    await tester.fill(common.name, "用户确认");
    await tester.next();
    await page.getByRole("radio", { name: planForm.scopes.devices, exact: true }).check();
    const names = [ACCEPTING, DEFERRING, DECLINING];
    await tester.fill(planForm.deviceNames, names.join("\n"));
    await tester.next();
    await page.getByRole("radio", { name: planForm.modes.confirm }).check();
    await tester.next();
    // Without its texts the step is wrong, and the way back says so.
    await tester.step("end");
    await tester.seesText(planForm.wrongFirst);
    await tester.picture("texts-missing");
    await tester.step("when");
    const titles = page.getByLabel(planForm.textTitle, { exact: true });
    const bodies = page.getByLabel(planForm.textBody, { exact: true });
    await titles.nth(0).fill("新固件");
    await bodies.nth(0).fill("灯会重启一次。");
    await titles.nth(1).fill("New firmware");
    await bodies.nth(1).fill("The lamp restarts once.");
    await tester.picture("texts");
    await tester.step("end");
    await tester.press(planForm.saveAndActivate);
    await tester.confirm(planForm.activate);
    await tester.headSays(codes.planState["active"]);
    await page.getByRole("tab", { name: plans.tab.settings, exact: true }).click();
    for (const body of ["灯会重启一次。", "The lamp restarts once."])
      await page.getByText(body, { exact: true }).waitFor();
    await tester.picture("settings");
    await page.getByRole("tab", { name: plans.tab.devices, exact: true }).click();

    const log = async (name: string, ...events: readonly string[]): Promise<void> => {
      await tester.click(tester.row(name).getByText(name));
      const panel = page.getByRole("complementary", { name: plans.openLog(name) });
      for (const event of events) await tester.seesText(codes.event[event] ?? event, panel);
      await tester.picture(`log-${name}`);
      await page.keyboard.press("Escape");
    };
    await tester.seesText(codes.reason["deferred"] ?? "", tester.row(DEFERRING));
    await tester.picture("deferred");
    await tester.seesText(codes.taskState.declined, tester.row(DECLINING));
    await tester.seesText("battery at 12 %, 30 % needed", tester.row(DECLINING));
    await tester.picture("answers");
    for (const name of [ACCEPTING, DEFERRING]) await tester.seesText(codes.taskState.succeeded, tester.row(name));
    await log(ACCEPTING, "task-asked", "task-downloading", "task-succeeded");
    await log(DEFERRING, "task-asked", "task-deferred", "task-succeeded");
    await log(DECLINING, "task-declined");
    await tester.headSays(codes.planState["finished"]);
    await page.close();
  });
});
