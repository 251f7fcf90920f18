import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { SKIPPED } from "../support/browser.js";
import { PageBed, type Language } from "../support/page-bed.js";
import { temporaryFolder } from "../support/folder.js";
import { FLEET_PRODUCT, fleetName, makeFleetFolder } from "../support/served-cloud.js";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Every page, by its path, once with nothing and once with something to show. */
const PATHS = [
  "/",
  "/packages",
  "/packages/1",
  "/plans",
  "/plans/new",
  "/plans/1",
  "/plans/1/edit",
  "/plans/2",
  "/devices",
  "/devices/new",
  `/devices/${FLEET_PRODUCT}/${fleetName(0)}`,
  "/audit",
  "/faults",
  "/tokens",
  "/settings",
  "/no-such-page",
] as const;

describe("each page of the console", { skip: SKIPPED }, () => {
  const folder = temporaryFolder();
  let bed: PageBed;

  before(async () => {
    await makeFleetFolder(folder.path, 3);
    bed = await PageBed.start(folder.path);
    await bed.open();
    await bed.api("POST", "/plans", { name: "a draft", product: FLEET_PRODUCT, version: "2.0.0", all: true });
    const plan = { name: "a plan", product: FLEET_PRODUCT, version: "2.0.0", all: true, override: "for a test" };
    const { id } = (await bed.api("POST", "/plans", plan)) as { id: number };
    await bed.api("POST", `/plans/${id}/activate`);
    await bed.api("POST", "/faults", { fault: "slow", bytesPerSecond: 1000, product: FLEET_PRODUCT });
    await bed.api("POST", "/tokens", { name: "viewer", role: "viewer" });
  });

  after(async () => {
    await bed.close();
    folder.remove();
  });

  for (const language of ["en", "zh"] as const) {
    for (const path of PATHS) {
      test(`${path} in ${language}: accessible, wholly in its language, and of use at 360 pixels`, async () => {
        const page = await bed.open(path, { language });
        await settled(page);
        assert.equal(await page.getAttribute("html", "lang"), language === "zh" ? "zh-CN" : "en");
        assert.deepEqual(await axe(page), []);
        assert.deepEqual(await foreignWords(page, language), []);
        await page.setViewportSize({ width: 360, height: 700 });
        await page.waitForTimeout(200);
        const excess = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
        assert.ok(Number(excess) <= 0, `${path} is ${excess} pixels too wide at 360`);
        await page.close();
      });
    }
  }

  test("in the dark, too, every text has contrast", async () => {
    for (const path of ["/", "/plans/2", "/packages", "/devices", "/faults"]) {
      const page = await bed.open(path, { colorScheme: "dark" });
      await settled(page);
      assert.deepEqual(await axe(page), [], path);
      await page.close();
    }
  });

  test("the language is switched at once, and remembered", async () => {
    const page = await bed.open("/plans", { language: "en" });
    assert.equal(await page.textContent("h1"), "Plans");
    await page.click("text=中文");
    // The words of a language are fetched when they are wanted for the first time.
    await page.waitForSelector("h1:text-is('升级计划')");
    await page.reload();
    await page.waitForSelector("h1:text-is('升级计划')");
    await page.close();
  });
});

/** @returns when the page has loaded what it shows */
async function settled(page: Page): Promise<void> {
  await page.waitForSelector("[aria-busy=true]", { state: "detached" });
  await page.waitForTimeout(300);
}

/** @returns the violations of WCAG 2.1 A and AA that axe-core finds */
async function axe(page: Page): Promise<string[]> {
  // The policy of the page forbids scripts in it, and the debugger's ones are none.
  await page.evaluate(AXE);
  const found = (await page.evaluate(
    `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] })`,
  )) as { violations: { id: string; nodes: { target: string[]; failureSummary: string }[] }[] };
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
}

/** Words that are the same in both languages: names, codes, units, and what the test itself has named. */
const SAME = new RegExp(
  [
    "moddable-ota|ESP32|FOTA|MCU|SOTA|CSV|JSONL?|JavaScript|MD5|SHA-256|MQTT|HTTP|UTC|GMT|IANA|API|dBm|KiB|MiB|GiB|TLS|PUBACK",
    "English|中文|Enter|Esc|Space|GMT[+-]?\\d*",
    "firmware|token|admin|viewer|sign-in link|local|device_info",
  ].join("|"),
  "g",
);

/** @returns texts of the page with words of the other language, without those that devices or operators have given */
async function foreignWords(page: Page, language: Language): Promise<string[]> {
  const texts = (await page.evaluate(`(() => {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const owner = node.parentElement;
      if (owner.closest("script, style, noscript, [hidden], code, kbd, .id, .given, [lang=en], [lang=zh-CN]:not(html), option") !== null) continue;
      found.push(node.nodeValue);
    }
    for (const element of document.querySelectorAll("[aria-label], [placeholder]")) {
      if (element.closest(".given") !== null) continue;
      found.push(element.getAttribute("aria-label") ?? "", element.getAttribute("placeholder") ?? "");
    }
    return found;
  })()`)) as string[];
  const given = /a draft|a plan|for a test|device-\d+|ABCDE12345|[0-9.]+\.bin|image\.bin|no-such-page|light_01/g;
  const rest = texts.map((text) => text.replace(given, "").replace(SAME, ""));
  return rest.filter((text) => (language === "zh" ? /[A-Za-z]{3,}/.test(text) : /[\u4e00-\u9fff]/.test(text)));
}
