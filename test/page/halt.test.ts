import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { temporaryFolder } from "../support/folder.js";
import { SKIPPED } from "../support/browser.js";
import { PageBed } from "../support/page-bed.js";
import { DEMO_BOARDS, DEMO_PRODUCT, DEMO_SEED, DEMO_WORDS, firmwareOf, Tester } from "../support/tester.js";

/** Boards of the roster with which nothing is wrong. */
const [FIRST, ...OTHERS] = ["lamp_02", "lamp_03", "lamp_09"] as const;
const PLAN = { product: DEMO_PRODUCT, version: "0.2.0", override: "for a test", retry: [] };

describe(`a plan that does not go on, with a demo of 12 boards and seed ${DEMO_SEED}`, { skip: SKIPPED }, () => {
  const folder = temporaryFolder();
  let bed: PageBed;
  let tester: Tester;

  const begin = async (plan: object): Promise<number> => {
    const { id } = (await bed.api("POST", "/plans", { ...PLAN, ...plan })) as { id: number };
    await bed.online(DEMO_BOARDS);
    await bed.api("POST", `/plans/${id}/activate`);
    await tester.page.goto(`${bed.url}/plans/${id}`);
    return id;
  };

  before(async () => {
    bed = await PageBed.start(folder.path, { words: DEMO_WORDS });
    tester = new Tester(await bed.open());
    await bed.api("DELETE", "/faults");
    await tester.upload(firmwareOf(folder.path, "0.2.0"));
  });

  after(async () => {
    await bed.close();
    folder.remove();
  });

  test("a threshold halts it: the head says so, and so does the overview; it is resumed from there", async () => {
    const { page, words } = tester;
    const { codes, plans, overview } = words;
    await bed.api("POST", "/faults", { fault: "status", status: 404, product: DEMO_PRODUCT, device: FIRST });
    const halt = { percent: 10, atLeast: 1 };
    await begin({ name: "halts", devices: [FIRST, ...OTHERS], pace: { stages: [30, 100] }, halt });
    await tester.headSays(codes.planState["halted"]);
    await tester.seesText(codes.planReason["threshold"] ?? "", page.locator("main header"));
    await tester.seesText(plans.advice.thresholdOf(1, 1));
    for (const name of OTHERS) await tester.seesText(codes.taskState.waiting, tester.row(name));
    await tester.picture("halted");

    await tester.visit("overview");
    const attention = page.getByRole("region", { name: overview.attention });
    await tester.seesText(overview.halted("halts"), attention);
    await tester.picture("attention");
    await tester.follow(overview.look, attention);
    await tester.press(plans.resume);
    for (const name of OTHERS) await tester.seesText(codes.taskState.succeeded, tester.row(name));
    await tester.headSays(codes.planState["finished"]);
    await bed.api("DELETE", "/faults");
  });

  test("a stop wants the plan's name; downloads end, tasks are taken back, and a resume takes them up again", async () => {
    const { page, words } = tester;
    const { codes, plans, common } = words;
    const devices = ["lamp_07", "lamp_10", "lamp_11"];
    // A whole download would last longer than the test.
    await bed.api("POST", "/faults", { fault: "slow", bytesPerSecond: 500, product: DEMO_PRODUCT });
    await begin({ name: "stopped midway", devices, pace: { stages: [100] } });
    for (const name of devices) await tester.seesText(codes.taskState.downloading, tester.row(name));
    await tester.press(plans.stop);
    const dialog = page.getByRole("dialog");
    await tester.seesText(plans.confirm.stop(devices.length), dialog);
    const stop = dialog.getByRole("button", { name: plans.stop, exact: true });
    assert.ok(await stop.isDisabled(), "not before the name is typed");
    await dialog.getByLabel(common.typeName("stopped midway")).fill("stopped");
    assert.ok(await stop.isDisabled(), "not with another name");
    await dialog.getByLabel(common.typeName("stopped midway")).fill("stopped midway");
    await tester.picture("stop");
    await tester.confirm(plans.stop);
    await tester.headSays(codes.planState["halted"]);
    await tester.seesText(codes.planReason["stopped"] ?? "", page.locator("main header"));
    await tester.seesText(plans.advice.stopped);
    for (const name of devices) {
      await tester.seesText(codes.taskState.cancelled, tester.row(name));
      await tester.seesText(codes.reason["plan-stopped"], tester.row(name));
    }
    await tester.picture("stopped");
    // The file server refuses the link now: the board asks for another one, by its version.
    const plan = page.url();
    await page.goto(`${bed.url}/devices/${DEMO_PRODUCT}/${devices[0]}`);
    await tester.seesText(codes.event["task-cancelled"] ?? "");
    const asks = page.getByRole("listitem").filter({ hasText: codes.event["version-reported"] ?? "?" });
    await asks.nth(1).waitFor({ timeout: 60_000 });
    await tester.picture("stopped-device");

    await bed.api("DELETE", "/faults");
    await page.goto(plan);
    await tester.press(plans.resume);
    for (const name of devices) await tester.seesText(codes.taskState.succeeded, tester.row(name));
    await tester.headSays(codes.planState["finished"]);
  });
});
