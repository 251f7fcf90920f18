import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { RawDevice } from "../support/fleet-bed.js";
import { temporaryFolder } from "../support/folder.js";
import { SKIPPED } from "../support/browser.js";
import { PageBed } from "../support/page-bed.js";
import { FLEET_PRODUCT, FLEET_SECRET, fleetName, makeFleetFolder } from "../support/served-cloud.js";

const PLAN = { product: FLEET_PRODUCT, version: "2.0.0", all: true, override: "for a test" };
const DEVICE_PATH = `/devices/${FLEET_PRODUCT}/${fleetName(0)}`;

describe("the page goes on", { skip: SKIPPED }, () => {
  const folder = temporaryFolder();
  let bed: PageBed;

  before(async () => {
    await makeFleetFolder(folder.path, 3);
    bed = await PageBed.start(folder.path);
    bed.allowsOutage = true;
    bed.allowsConflict = true;
    await bed.open();
  });

  after(async () => {
    await bed.close();
    folder.remove();
  });

  const newPlan = async (name: string): Promise<string> =>
    `/plans/${((await bed.api("POST", "/plans", { ...PLAN, name })) as { id: number }).id}`;

  const connect = (): Promise<RawDevice> =>
    RawDevice.connect(
      {
        cloud: { mqttUrl: `mqtt://127.0.0.1:${bed.cloud.mqttPort}` },
        secrets: new Map([[fleetName(0), FLEET_SECRET]]),
      },
      fleetName(0),
    );

  test("while the cloud is gone, and when it is back", async (t) => {
    let device = await connect();
    await device.version("1.0.0");
    const page = await bed.open(DEVICE_PATH);
    const overview = await bed.open("/");
    const log = page.getByRole("list", { name: /log/i });
    await log.getByText("1.0.0").first().waitFor();
    await device.away();
    // What that changes is loaded before the cloud is gone.
    await page.waitForTimeout(1500);
    const requests: string[] = [];
    for (const each of [page, overview]) each.on("request", (request) => requests.push(request.url()));
    const from = performance.now();
    await bed.kill();
    const banner = page.getByRole("status").filter({ hasText: "The cloud does not answer." });
    await banner.waitFor();
    await page.waitForTimeout(8000);
    const seconds = (performance.now() - from) / 1000;
    t.diagnostic(`${requests.length} requests of two windows in ${seconds.toFixed(1)} s without a cloud`);
    assert.ok(requests.length <= 2 * seconds + 4, requests.join("\n"));
    assert.ok(await log.getByText("1.0.0").first().isVisible(), "what was loaded stays");
    await bed.restart();
    await banner.waitFor({ state: "detached", timeout: 30_000 });
    device = await connect();
    for (const version of ["1.1.0", "1.2.0"]) await device.version(version);
    await log.getByText("1.2.0").first().waitFor();
    const lines = await linesOf(page);
    await page.reload();
    await log.getByText("1.2.0").first().waitFor();
    assert.deepEqual(lines, await linesOf(page));
    assert.equal(lines.filter((line) => line.includes("1.1.0")).length, 1, lines.join("\n"));
    await device.away();
    await page.context().close();
    await overview.context().close();
  });

  test("a reload keeps path, filter, tab and the open row; back and forward keep the filters", async () => {
    await bed.open();
    const path = await newPlan("kept");
    await bed.api("POST", `${path}/activate`);
    const page = await bed.open("/plans");
    await page.getByRole("combobox", { name: "State" }).selectOption("active");
    await page.getByRole("link", { name: "kept" }).click();
    const row = page.getByRole("row").filter({ hasText: fleetName(1) });
    await row.getByText(fleetName(1)).click();
    const panel = page.getByRole("complementary", { name: `Log of ${fleetName(1)}` });
    await panel.waitFor();
    await page.reload();
    await panel.waitFor();
    await page.getByRole("tab", { name: "Log" }).click();
    await page.reload();
    await page.getByRole("tab", { name: "Log", selected: true }).waitFor();
    await page.goBack();
    await page.getByRole("heading", { level: 1, name: "Plans" }).waitFor();
    assert.equal(page.url(), `${bed.url}/plans?state=active`);
    assert.equal(await page.getByRole("combobox", { name: "State" }).inputValue(), "active");
    await page.goForward();
    await page.getByRole("tab", { name: "Log", selected: true }).waitFor();
    await page.context().close();
  });

  test("what one operator does, another sees without a reload", async (t) => {
    const path = await newPlan("of two");
    const one = await bed.open(path);
    const other = await bed.open(path);
    const list = await bed.open("/plans");
    const seen = async (what: string, act: () => Promise<unknown>, there: () => Promise<unknown>): Promise<void> => {
      await act();
      const from = performance.now();
      await there();
      t.diagnostic(`${what}: seen after ${Math.round(performance.now() - from)} ms`);
    };
    await one.getByRole("button", { name: "Activate" }).click();
    const confirm = one.getByRole("dialog").getByRole("button", { name: "Activate" });
    await seen(
      "activate",
      () => confirm.click(),
      () => other.getByRole("button", { name: "Pause" }).waitFor(),
    );
    await seen(
      "pause",
      () => one.getByRole("button", { name: "Pause" }).click(),
      async () => {
        await other.getByRole("button", { name: "Resume" }).waitFor();
        await list.getByRole("row").filter({ hasText: "of two" }).getByText("paused").waitFor();
      },
    );
    await one.getByRole("button", { name: "Resume" }).click();
    await one.getByRole("button", { name: "Stop" }).click();
    await one.getByRole("dialog").getByRole("textbox").fill("of two");
    await seen(
      "stop",
      () => one.getByRole("dialog").getByRole("button", { name: "Stop" }).click(),
      () =>
        other
          .getByText(/halted/)
          .first()
          .waitFor(),
    );
    const fault = { fault: "slow", bytesPerSecond: 1000, product: FLEET_PRODUCT };
    await seen(
      "fault",
      () => bed.api("POST", "/faults", fault),
      () => other.getByText(/^.*A fault is on:/).waitFor(),
    );
    await bed.api("DELETE", "/faults");
    const packages = await bed.open("/packages");
    await packages.getByText("2.0.0").first().waitFor();
    await seen(
      "withdraw",
      () => bed.api("POST", "/packages/1/withdraw"),
      () => packages.getByRole("row").filter({ hasText: "2.0.0" }).getByText("withdrawn").waitFor(),
    );
    for (const page of [one, other, list, packages]) await page.context().close();
  });

  test("both press the same button: the second one reads what has happened", async () => {
    const plan = { ...PLAN, name: "pressed twice", version: "3.0.0" };
    await bed.api("POST", "/packages/1/withdraw").catch(() => undefined);
    const page = await bed.open("/plans");
    const upload = `fetch("/api/v1/packages?product=${FLEET_PRODUCT}&version=3.0.0&fileName=image.bin", { method: "POST", body: "another image", headers: { "Content-Type": "application/octet-stream" } }).then(({ status }) => status)`;
    assert.equal(await page.evaluate(upload), 201);
    const { id } = (await bed.api("POST", "/plans", plan)) as { id: number };
    await bed.api("POST", `/plans/${id}/activate`);
    await page.goto(`${bed.url}/plans/${id}`);
    const pause = page.getByRole("button", { name: "Pause" });
    await pause.waitFor();
    // This window hears of the other's press only after its own.
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route(`**/api/v1/plans/${id}`, (route) => held.then(() => route.continue()));
    await bed.api("POST", `/plans/${id}/pause`);
    await pause.click();
    await page.getByRole("status").filter({ hasText: "paused" }).first().waitFor();
    release();
    await page.getByRole("button", { name: "Resume" }).waitFor();
    await page.context().close();
  });

  test("by the keyboard alone: sign in, make a device, open a row, open and leave a dialog", async () => {
    const { token } = (await bed.api("POST", "/tokens", { name: "keys", role: "admin" })) as { token: string };
    const page = await bed.window();
    await page.goto(`${bed.url}/devices/new`);
    const press = async (...keys: string[]): Promise<void> => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await page.getByLabel("Token", { exact: true }).waitFor();
    await tabTo(page, "input");
    await page.keyboard.type(token);
    await press("Enter");
    await page.getByRole("heading", { level: 1, name: "Add devices" }).waitFor();
    assert.equal(await focused(page), "H1");
    await tabTo(page, "select");
    await page.keyboard.type(FLEET_PRODUCT);
    await tabTo(page, "input[placeholder=light_01]");
    await page.keyboard.type("by-keys");
    await press("Enter");
    await page.getByText("1 device was added.").waitFor();
    assert.notEqual(await focused(page), "BODY", "after the form is gone");
    page.once("dialog", (dialog) => void dialog.accept());
    await press("g", "d");
    await page.getByRole("heading", { level: 1, name: "Devices" }).waitFor();
    await press("/");
    await page.keyboard.type("by-keys");
    await page.waitForURL(/text=by-keys/);
    await page.getByText(fleetName(0)).waitFor({ state: "detached" });
    await tabTo(page, "tr[data-index='0']");
    await press("Enter");
    await page.getByRole("heading", { level: 1, name: "by-keys" }).waitFor();
    await tabTo(page, "button.danger");
    await press("Enter");
    await page.getByRole("dialog").waitFor();
    await press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.equal(await page.evaluate("document.activeElement.textContent"), "Remove");
    await press("Enter");
    await page.getByRole("dialog").waitFor();
    await tabTo(page, "dialog button");
    await press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.equal(await page.evaluate("document.activeElement.textContent"), "Remove");
    await press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.equal(await page.evaluate("document.activeElement.textContent"), "Remove");
    await press("g", "p");
    await page.getByRole("heading", { level: 1, name: "Plans" }).waitFor();
    assert.equal(await focused(page), "H1");
    await page.context().close();
  });
});

/** @returns the sentences of the log, without their times */
async function linesOf(page: Page): Promise<string[]> {
  return (await page.evaluate(
    `[...document.querySelectorAll("ol.log p")].map((line) => line.textContent)`,
  )) as string[];
}

async function focused(page: Page): Promise<unknown> {
  return page.evaluate("document.activeElement.tagName");
}

/** Presses Tab until the element has the focus, which is visible at each step. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let step = 0; step < 60; step += 1) {
    if (step > 0 || (await focused(page)) === "BODY") await page.keyboard.press("Tab");
    const [isThere, isVisible, what] = (await page.evaluate(`(() => {
      const element = document.activeElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      const isVisible = element === document.body || element.tagName === "H1" || (outlineStyle !== "none" && outlineWidth !== "0px");
      return [element.matches(${JSON.stringify(selector)}), isVisible, element.outerHTML.slice(0, 100)];
    })()`)) as [boolean, boolean, string];
    assert.ok(isVisible, `the focus is not visible on ${what}`);
    if (isThere) return;
  }
  assert.fail(`Tab does not lead to ${selector}`);
}
