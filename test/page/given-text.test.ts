import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { RawDevice } from "../support/fleet-bed.js";
import { temporaryFolder } from "../support/folder.js";
import { SKIPPED } from "../support/browser.js";
import { PageBed } from "../support/page-bed.js";
import { FLEET_PRODUCT, FLEET_SECRET, fleetName, makeFleetFolder } from "../support/served-cloud.js";

/** Texts that an operator or a device gives: none of them may become more than text. */
const GIVEN = [
  `<img src=x onerror=__hit=1><script>__hit=1</script>`,
  `"'><svg onload=__hit=1> \${__hit=1} javascript:__hit=1`,
  `back \u202eforwards\u202c 🙂👩‍🚀 中文`,
  `${"W".repeat(200)}`,
] as const;
const PAGES = [
  "/",
  "/packages",
  "/packages/1",
  "/packages/2",
  "/plans",
  "/plans/1",
  "/plans/1?task=1",
  "/plans/1?tab=settings",
  "/plans/1?tab=log",
  "/plans/1?tab=left",
  "/plans/2",
  "/plans/2/edit",
  "/plans/new?copy=1",
  "/devices",
  `/devices/${FLEET_PRODUCT}/${fleetName(0)}`,
  `/devices/${FLEET_PRODUCT}/${fleetName(0)}?tab=tasks`,
  "/audit",
  "/faults",
  "/settings",
] as const;

describe("a text that somebody gives stays a text", { skip: SKIPPED }, () => {
  const folder = temporaryFolder();
  let bed: PageBed;
  let device: RawDevice;

  before(async () => {
    await makeFleetFolder(folder.path, 2);
    bed = await PageBed.start(folder.path);
    await bed.open();
  });

  after(async () => {
    await device?.away();
    await bed.close();
    folder.remove();
  });

  test("the cloud takes no script as the name of a token or a device", async () => {
    for (const [path, body] of [
      ["/tokens", { name: GIVEN[0], role: "viewer" }],
      ["/devices", { productId: FLEET_PRODUCT, deviceName: GIVEN[0] }],
    ] as const) {
      await assert.rejects(bed.api("POST", path, body), /: 400 /);
    }
  });

  for (const [index, text] of GIVEN.entries()) {
    test(`${JSON.stringify(text.slice(0, 30))}: nothing runs, and every page keeps its width`, async () => {
      const version = `2.0.${index + 1}`;
      await give(bed, text, version);
      device ??= await RawDevice.connect(
        {
          cloud: { mqttUrl: `mqtt://127.0.0.1:${bed.cloud.mqttPort}` },
          secrets: new Map([[fleetName(0), FLEET_SECRET]]),
        },
        fleetName(0),
      );
      await device.version("1.0.0");
      await until(() => device.offers.some((offer) => offer.version === version));
      await device.progress(version, "downloading", { percent: "50", result_msg: text });
      await device.progress(version, "fail", { result_code: "-9", result_msg: text });
      await device.progress(version, text, { result_code: text, result_msg: text });
      const uploaded = (await bed.api("GET", "/packages?order=newest&limit=1")) as { items: { id: number }[] };
      const plans = (await bed.api("GET", "/plans?order=newest&limit=2")) as { items: { id: number }[] };
      const tasks = (await bed.api(
        "GET",
        `/tasks?product=${FLEET_PRODUCT}&device=${fleetName(0)}&order=newest&limit=1`,
      )) as {
        items: { id: number; planId: number }[];
      };
      const [draft, active] = [plans.items[0]?.id ?? 0, tasks.items[0]?.planId ?? 0];
      const page = await bed.open("/", { width: 1280 });
      const seen: string[] = [];
      for (const path of PAGES) {
        const own = path
          .replace("/packages/2", `/packages/${uploaded.items[0]?.id ?? 0}`)
          .replace("/plans/1", `/plans/${active}`)
          .replace("copy=1", `copy=${active}`)
          .replace("task=1", `task=${tasks.items[0]?.id ?? 0}`)
          .replace("/plans/2", `/plans/${draft}`);
        await page.setViewportSize({ width: 1280, height: 860 });
        await page.goto(`${bed.url}${own}`);
        await page.waitForSelector("h1");
        await page.waitForSelector("[aria-busy=true]", { state: "detached" });
        for (const width of [1280, 360]) {
          await page.setViewportSize({ width, height: 860 });
          await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
          const excess = Number(await page.evaluate("document.documentElement.scrollWidth - innerWidth"));
          assert.ok(excess <= 0, `${own} is ${excess} pixels too wide at ${width}: ${await widest(page)}`);
        }
        assert.equal(await page.evaluate("typeof window.__hit"), "undefined", own);
        const foreign = await page.evaluate(
          `document.querySelectorAll("#content :is(script, iframe, [onerror], [onload])").length`,
        );
        assert.equal(foreign, 0, own);
        const shown = String(
          await page.evaluate(
            "document.body.textContent + [...document.querySelectorAll('input, textarea')].map(({ value }) => value).join(' ')",
          ),
        );
        if (shown.includes(text.slice(0, 64))) seen.push(path);
      }
      // The text was there, so that it could have run.
      for (const path of ["/plans/1", "/plans", "/packages/2", "/devices", "/faults", "/plans/1?task=1"]) {
        assert.ok(seen.includes(path), `${path} does not show the text; it is on ${seen.join(" ")}`);
      }
      await page.context().close();
    });
  }
});

/** Puts the text into everything that takes one, and begins a plan to this version. */
async function give(bed: PageBed, text: string, version: string): Promise<void> {
  await bed.api("PUT", `/products/${FLEET_PRODUCT}`, { name: text.slice(0, 60) });
  await bed.api("PATCH", `/devices/${FLEET_PRODUCT}/${fleetName(0)}`, { note: text });
  const query = new URLSearchParams({
    product: FLEET_PRODUCT,
    version,
    fileName: "image.bin",
    name: text.slice(0, 64),
    remark: text,
  });
  await upload(bed, `/packages?${query}`, Buffer.from(`image of ${version}`));
  await bed.api("DELETE", "/faults");
  await bed.api("POST", "/faults", {
    fault: "status",
    status: 200,
    body: text,
    product: FLEET_PRODUCT,
    device: fleetName(1),
  });
  const plan = {
    name: text.slice(0, 64),
    product: FLEET_PRODUCT,
    version,
    override: text,
    devices: [fleetName(0)],
    texts: { zh: { title: text.slice(0, 30), body: text }, en: { title: text.slice(0, 30), body: text } },
  };
  const { id } = (await bed.api("POST", "/plans", plan)) as { id: number };
  await bed.api("POST", `/plans/${id}/activate`);
  await bed.api("POST", "/plans", { ...plan, all: true, devices: undefined });
}

async function upload(bed: PageBed, path: string, content: Buffer): Promise<void> {
  const [page] = bed.browser.contexts()[0]?.pages() ?? [];
  const status = await page?.evaluate(
    `fetch(${JSON.stringify(`/api/v1${path}`)}, { method: "POST", body: ${JSON.stringify(content.toString())}, headers: { "Content-Type": "application/octet-stream" } }).then(async (r) => r.status + " " + (await r.text()))`,
  );
  assert.match(String(status), /^201 /);
}

async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 30_000;
  while (!holds()) {
    assert.ok(performance.now() < end, "there is no offer");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** @returns which elements are wider than the window */
async function widest(page: Page): Promise<unknown> {
  return page.evaluate(`[...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
    .slice(0, 4)
    .map((element) => element.tagName + "." + element.className + " " + element.textContent.slice(0, 20))
    .join(", ")`);
}
