import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Locator, Page } from "playwright-core";
import { bootablePair } from "../../hal/boards/sim/bootable-image.js";
import { temporaryFolder } from "../support/folder.js";
import { SKIPPED } from "../support/browser.js";
import { type Language, PageBed } from "../support/page-bed.js";
import { FLEET_PRODUCT, makeFleetFolder } from "../support/served-cloud.js";
import { Tester } from "../support/tester.js";

/** Enough to see a delta being made. */
const IMAGE_BYTES = 800_000;
const OLD = "1.0.0";
/** A package for each language in which the page is looked at. */
const NEW: { readonly [language in Language]: string } = { en: "1.1.0", zh: "1.2.0" };

interface Listed {
  readonly id: number;
  readonly version: string;
  readonly variants: readonly { readonly id: number; readonly form: string; readonly state: string }[];
}

describe("deltas and compressed images in the console", { skip: SKIPPED }, () => {
  const folder = temporaryFolder();
  let bed: PageBed;

  before(async () => {
    await makeFleetFolder(folder.path, 1);
    bed = await PageBed.start(folder.path);
    await bed.open();
    const { base, result } = bootablePair({ seed: 3, byteLength: IMAGE_BYTES, versions: [OLD, NEW.en] });
    const later = bootablePair({ seed: 3, byteLength: IMAGE_BYTES, versions: [OLD, NEW.zh] }).result;
    for (const [version, image] of [
      [OLD, base],
      [NEW.en, result],
      [NEW.zh, later],
    ] as const) {
      const query = new URLSearchParams({ product: FLEET_PRODUCT, version, fileName: "lamp.bin" });
      await bed.upload(`/packages?${query.toString()}`, Uint8Array.from(image));
    }
  });

  after(async () => {
    await bed.close();
    folder.remove();
  });

  async function packageOf(version: string): Promise<Listed> {
    const { items } = (await bed.api("GET", "/packages")) as { items: Listed[] };
    return items.find((each) => each.version === version) as Listed;
  }

  async function openPackage(language: Language): Promise<Tester> {
    const { id } = await packageOf(NEW[language]);
    return new Tester(await bed.open(`/packages/${id}`, { language }), language);
  }

  for (const language of ["en", "zh"] as const) {
    test(`they are asked for, seen being made, seen with their sizes, and one is removed: in ${language}`, async () => {
      const tester = await openPackage(language);
      const { page, words } = tester;
      const panel = page.getByRole("region", { name: words.packages.variants });
      const make = panel.getByRole("button", { name: words.packages.make, exact: true });
      assert.equal(await make.isDisabled(), true, "nothing is chosen yet");
      await tester.picture("variants-none");
      await tester.fill(words.packages.deltaFromVersions, OLD);
      await tester.click(panel.getByLabel(words.packages.compressed));
      await tester.picture("variants-chosen");
      const seen = watchBars(page);
      await tester.click(make);
      await panel.getByText(words.packages.variantState.making).first().waitFor();
      await tester.picture("variants-making");
      const items = panel.getByRole("listitem");
      const delta = items.filter({ hasText: words.packages.deltaFrom(OLD) });
      const compressed = items.filter({ hasText: words.packages.compressed });
      for (const item of [delta, compressed]) {
        await item.getByText(words.packages.variantState.ready).waitFor({ timeout: 120_000 });
        await item.getByText(/(^|\D)\d+(\.\d)?%/).waitFor();
      }
      await tester.picture("variants-ready");
      await seen;
      assert.equal(await panel.getByRole("checkbox").count(), 0, "a second compressed image is not offered");
      const remove = `${words.packages.removeVariant} ${words.packages.compressed}`;
      await tester.press(remove, panel);
      await compressed.waitFor({ state: "detached" });
      await delta.waitFor();
      const { variants } = await packageOf(NEW[language]);
      assert.deepEqual(
        variants.map(({ form, state }) => [form, state]),
        [["delta", "ready"]],
      );
      await tester.picture("variants-removed");
      await page.setViewportSize({ width: 360, height: 700 });
      await tester.picture("variants-narrow");
      await page.close();
    });
  }

  test("a version that is not there is refused with the reason, and what was entered stays", async () => {
    bed.allowsConflict = true;
    const tester = await openPackage("en");
    const { page, words } = tester;
    const panel = page.getByRole("region", { name: words.packages.variants });
    await tester.fill(words.packages.deltaFromVersions, "0.0.1");
    await tester.press(words.packages.make, panel);
    await tester.seesText(/no version 0\.0\.1/, panel.getByRole("alert"));
    assert.equal(await page.getByLabel(words.packages.deltaFromVersions).inputValue(), "0.0.1");
    await tester.picture("variants-refused");
    await page.close();
    bed.allowsConflict = false;
  });

  test("one that is being removed says so, cannot be removed again, and can be made anew", async () => {
    const { id } = await packageOf(NEW.en);
    const page = await bed.open();
    await page.route(`**/api/v1/packages/${id}`, async (route) => {
      const response = await route.fetch();
      const found = (await response.json()) as { variants: { state: string; form: string; sourceVersion?: string }[] };
      const [delta] = found.variants;
      const { sourceVersion: _, ...rest } = delta as { state: string; form: string; sourceVersion?: string };
      const variants = [{ ...rest, form: "compressed", state: "removing" }];
      await route.fulfill({ response, json: { ...found, variants } });
    });
    await page.goto(`${bed.url}/packages/${id}`);
    const tester = new Tester(page);
    const { words } = tester;
    const panel = page.getByRole("region", { name: words.packages.variants });
    await tester.seesText(words.packages.variantState.removing, panel);
    assert.equal(await panel.getByRole("button", { name: new RegExp(words.packages.removeVariant) }).count(), 0);
    await panel.getByLabel(words.packages.compressed).waitFor();
    await page.close();
  });

  for (const language of ["en", "zh"] as const) {
    test(`what one must save is set on the page of the settings, and holds at once: in ${language}`, async () => {
      const tester = new Tester(await bed.open("/settings", { language }), language);
      const { page, words } = tester;
      const panel = page.getByRole("region", { name: words.settings.variants });
      const field = panel.getByLabel(words.settings.leastSaving);
      const save = panel.getByRole("button", { name: words.common.save, exact: true });
      await tester.picture("settings");
      // The cloud's answer comes a moment after the page.
      const before = await loadedValue(field);
      assert.equal(await save.isDisabled(), true, "nothing is changed yet");
      await field.fill("101");
      await tester.seesText(words.settings.numberWrong(0, 100), panel);
      assert.equal(await save.isDisabled(), true);
      await tester.picture("settings-wrong");
      await field.fill("100");
      await save.click();
      await tester.seesText(words.common.saved);
      const { leastSavingPercent } = (await bed.api("GET", "/settings")) as { leastSavingPercent: number };
      assert.equal(leastSavingPercent, 100);
      await tester.visit("packages");
      await tester.follow(NEW[language], page.getByRole("table"));
      await tester.seesText(words.packages.paysNot);
      await tester.picture("variants-saves-too-little");
      await page.goto(`${bed.url}/settings`);
      assert.equal(await loadedValue(field), "100");
      await field.fill(before);
      await save.click();
      await tester.seesText(words.common.saved);
      await page.close();
    });
  }
});

/** @returns what a field shows once the page has it of the cloud */
async function loadedValue(field: Locator): Promise<string> {
  for (;;) {
    const value = await field.inputValue();
    if (value !== "") return value;
    await field.page().waitForTimeout(50);
  }
}

/** @returns what the bars of progress have shown, once there is none any more */
function watchBars(page: Page): Promise<readonly number[]> {
  return page.evaluate(`new Promise((resolve) => {
    const seen = [];
    const look = () => {
      const bars = [...document.querySelectorAll(".variants progress")];
      for (const { value } of bars) if (seen.at(-1) !== value) seen.push(value);
      if (bars.length === 0 && seen.length > 0) resolve(seen);
      else requestAnimationFrame(look);
    };
    look();
  })`) as Promise<readonly number[]>;
}
