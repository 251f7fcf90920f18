import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import type { Page } from "playwright-core";
import { SKIPPED } from "../support/browser.js";
import { PageBed } from "../support/page-bed.js";
import { temporaryFolder } from "../support/folder.js";
import { FLEET_PRODUCT, fleetName, makeFleetFolder } from "../support/served-cloud.js";

const DEVICES = 10_000;
const MOST_DRAWN = 150;
const NAMES = Array.from({ length: DEVICES }, (_, index) => fleetName(index));
/** Position and name of the row with the focus; undefined if another element has it. */
const FOCUSED = `(() => {
  const row = document.activeElement;
  return row?.matches("tr[data-index]") ? [Number(row.dataset.index), row.querySelector(".id").textContent] : undefined;
})()`;

describe("a list of 10,000 rows", { skip: SKIPPED }, () => {
  const folder = temporaryFolder();
  let bed: PageBed;
  let planPath = "";

  before(async () => {
    await makeFleetFolder(folder.path, DEVICES);
    bed = await PageBed.start(folder.path);
    await bed.open();
    const plan = { name: "of many", product: FLEET_PRODUCT, version: "2.0.0", all: true, override: "for a test" };
    const { id } = (await bed.api("POST", "/plans", plan)) as { id: number };
    planPath = `/plans/${id}`;
    await bed.api("POST", `${planPath}/activate`);
    const tasks = async (): Promise<{ items: { id: number }[]; next?: number }> =>
      (await bed.api("GET", `/tasks?plan=${id}&order=newest&limit=3`)) as Awaited<ReturnType<typeof tasks>>;
    for (;;) {
      const { counts } = (await bed.api("GET", planPath)) as { counts: { [state: string]: number } };
      if (Object.values(counts).reduce((sum, count) => sum + count, 0) === DEVICES) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    for (const task of (await tasks()).items) await bed.api("POST", `/tasks/${task.id}/cancel`);
  });

  after(async () => {
    await bed.close();
    folder.remove();
  });

  test("the wheel leads through all tasks, each once and in order", async (t) => {
    const page = await bed.open(planPath);
    await page.getByText(fleetName(0), { exact: true }).first().waitFor();
    const requests = await watch(page);
    await page.mouse.move(700, 600);
    const height = async (): Promise<number> => Number(await page.evaluate("document.documentElement.scrollHeight"));
    const bottom = async (): Promise<number> => Number(await page.evaluate("scrollY + innerHeight"));
    const steps = Math.ceil((await height()) / 1800) + 100;
    let step = 0;
    for (; step < steps && (await bottom()) < (await height()) - 2; step += 1) {
      await page.mouse.wheel(0, 1800);
      await page.evaluate("window.__drawn()");
    }
    await page
      .getByText(fleetName(DEVICES - 1), { exact: true })
      .first()
      .waitFor();
    await report(t, page, { requests, step });
    const { names, most } = (await page.evaluate("window.__seen()")) as { names: string[]; most: number };
    assert.deepEqual(names, NAMES);
    assert.ok(most <= MOST_DRAWN, `${most} rows were drawn at a time`);
    await page.context().close();
  });

  for (const list of ["devices", "tasks"] as const) {
    test(`${list}: End and Home lead to both ends, and the keyboard stays in the table`, async (t) => {
      const page = await bed.open(list === "devices" ? "/devices" : planPath);
      await page.getByText(fleetName(0), { exact: true }).first().waitFor();
      // As long as the cloud has not said how many rows there are, End leads to the last one that is loaded.
      await page.waitForSelector(`table[aria-rowcount="${DEVICES + 1}"]`);
      const requests = await watch(page);
      await page.locator("tr[data-index='0']").focus();
      await page.keyboard.press("End");
      await page.waitForSelector(`tr[data-index="${DEVICES - 1}"]:focus`);
      assert.deepEqual(await page.evaluate(FOCUSED), [DEVICES - 1, fleetName(DEVICES - 1)]);
      await page.keyboard.press("ArrowUp");
      assert.deepEqual(await page.evaluate(FOCUSED), [DEVICES - 2, fleetName(DEVICES - 2)]);
      await page.keyboard.press("Home");
      await page.waitForSelector(`tr[data-index="0"]:focus`);
      assert.deepEqual(await page.evaluate(FOCUSED), [0, fleetName(0)]);
      await page.keyboard.press("PageDown");
      await page.keyboard.press("ArrowDown");
      const [index] = (await page.evaluate(FOCUSED)) as [number];
      assert.ok(index > 10);
      // The wheel leads away from the row that has the focus; an arrow key leads back to it.
      await page.mouse.move(700, 600);
      await page.mouse.wheel(0, 100_000);
      await page.waitForSelector(`tr[data-index="${index}"]`, { state: "detached" });
      await page.evaluate("window.__drawn()");
      await page.keyboard.press("ArrowDown");
      await page.waitForSelector(`tr[data-index="${index + 1}"]:focus`);
      const { most } = (await page.evaluate("window.__seen()")) as { most: number };
      assert.ok(most <= MOST_DRAWN, `${most} rows were drawn at a time`);
      await report(t, page, { requests, step: 0 });
      await page.context().close();
    });
  }

  test("tasks are filtered by state and reason, and many are selected", async () => {
    const page = await bed.open(planPath);
    await page
      .getByRole("button", { name: /cancelled.* 3$/ })
      .first()
      .click();
    await page.getByText(fleetName(0), { exact: true }).first().waitFor({ state: "detached" });
    const rows = page.locator("tr[data-index]");
    await page
      .getByText(fleetName(DEVICES - 1), { exact: true })
      .first()
      .waitFor();
    assert.equal(await rows.count(), 3);
    assert.match(page.url(), /state=cancelled/);
    await page.getByRole("group", { name: "Reasons" }).getByRole("button").first().click();
    await page.waitForURL(/reason=/);
    assert.equal(await rows.count(), 3);
    await page.getByRole("button", { name: "Show all" }).click();
    await page.getByText(fleetName(0), { exact: true }).first().waitFor();
    await page.locator("tr[data-index='0']").focus();
    for (let index = 0; index < 5; index += 1) {
      await page.keyboard.press("Space");
      await page.keyboard.press("ArrowDown");
    }
    await page.getByText("5 selected").first().waitFor();
    await page.context().close();
  });
});

/** Watches which rows are drawn, how many at a time, and long tasks of the page. @returns the requests from now on */
async function watch(page: Page): Promise<string[]> {
  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  await page.evaluate(`(() => {
    const seen = new Map();
    const long = [];
    let most = 0;
    const look = () => {
      const rows = document.querySelectorAll("tbody tr[data-index]");
      most = Math.max(most, document.querySelectorAll("tr").length);
      for (const row of rows) {
        const index = Number(row.dataset.index);
        const name = row.querySelector(".id").textContent;
        if (seen.has(index) && seen.get(index) !== name) throw new Error("row " + index + " is another one now");
        seen.set(index, name);
      }
    };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
    look();
    new PerformanceObserver((list) => long.push(...list.getEntries().map(({ duration }) => duration)))
      .observe({ type: "longtask" });
    window.__long = () => long;
    window.__seen = () => {
      const indices = [...seen.keys()].sort((a, b) => a - b);
      return { names: indices.map((index) => seen.get(index)), most };
    };
    // Until the rows in the middle of the window are drawn.
    window.__drawn = async () => {
      for (;;) {
        await new Promise(requestAnimationFrame);
        const at = document.elementsFromPoint(700, innerHeight - 120);
        if (at.some((element) => element.closest("tr.spacer") !== null)) continue;
        return;
      }
    };
  })()`);
  return requests;
}

async function report(
  t: TestContext,
  page: Page,
  { requests, step }: { readonly requests: readonly string[]; readonly step: number },
): Promise<void> {
  const long = (await page.evaluate("window.__long()")) as number[];
  const sum = long.reduce((total, each) => total + each, 0);
  const longest = Math.max(0, ...long);
  t.diagnostic(
    `${requests.length} requests, ${step} steps of the wheel, ${long.length} long tasks: ${Math.round(sum)} ms, at most ${Math.round(longest)} ms`,
  );
}
