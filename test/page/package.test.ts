import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { temporaryFolder } from "../support/folder.js";
import { SKIPPED } from "../support/browser.js";
import { PageBed } from "../support/page-bed.js";
import { sealed, signerNamed } from "../support/seals.js";
import { DEMO_PRODUCT, DEMO_SEED, DEMO_WORDS, Tester } from "../support/tester.js";

/** Slow enough to see a file of 128 KiB on its way. */
const UPLOAD_BYTES_PER_SECOND = 64 * 1024;

describe(`a package in the console, with a demo of 12 boards and seed ${DEMO_SEED}`, { skip: SKIPPED }, () => {
  const folder = temporaryFolder();
  const file = (version: string): string => join(folder.path, `demo/firmware/demo-lamp-${version}.bin`);
  let bed: PageBed;

  before(async () => {
    bed = await PageBed.start(folder.path, { words: DEMO_WORDS });
  });

  after(async () => {
    await bed.close();
    folder.remove();
  });

  test("a file is chosen, what it says of itself is in the form, and its way to the cloud is seen", async () => {
    const tester = new Tester(await bed.open());
    const { page, words } = tester;
    await tester.visit("packages");
    await tester.press(words.packages.upload);
    await page.getByLabel(words.packages.choose).setInputFiles(file("0.2.0"));
    await tester.seesText(words.packages.imageOf("simulated-app"));
    for (const [label, value] of [
      [words.common.version, "0.2.0"],
      [words.common.component, "firmware"],
    ] as const) {
      assert.equal(await page.getByRole("textbox", { name: label, exact: true }).inputValue(), value);
    }
    await slowDown(page);
    const seen = watchProgress(page);
    await tester.press(words.packages.send);
    await tester.seesText(words.packages.done("firmware", "0.2.0"));
    await tester.seesText(words.packages.read("esp32", "simulated-app"));
    const percents = await seen;
    assert.ok(
      percents.some((percent) => percent > 0 && percent < 100),
      `progress was seen: ${percents.join(" ")}`,
    );
    await tester.row("0.2.0").getByText(words.codes.packageState["uploaded"]).waitFor();
    await page.close();
  });

  test("a package is verified on a board from its own page", async () => {
    const tester = new Tester(await bed.open());
    const { page, words } = tester;
    await tester.visit("packages");
    await tester.follow("0.2.0", page.getByRole("table"));
    await tester.verifyOn("lamp_01");
    await tester.headSays(words.codes.packageState["verified"]);
    await tester.seesText(words.packages.verificationHelp.verified);
    const panel = page.getByRole("region", { name: words.packages.verification });
    await tester.seesText(words.packages.verifiedOn("lamp_01"), panel);
    await tester.seesText(words.codes.taskState["succeeded"], panel);
    await tester.follow(words.packages.showLog, panel);
    await tester.seesText(words.codes.event["task-succeeded"] ?? "");
    await page.close();
  });

  test("a file is dropped; its firmware fails on the board, and the page shows why", async () => {
    const tester = new Tester(await bed.open("/packages"));
    const { page, words } = tester;
    await tester.press(words.packages.upload);
    await drop(page, words.packages.drop, file("0.2.1"), "lamp.bin");
    await tester.seesText(words.packages.imageOf("simulated-app"));
    await tester.press(words.packages.send);
    await tester.seesText(words.packages.done("firmware", "0.2.1"));
    await tester.follow(words.packages.goVerify);
    await tester.verifyOn("lamp_01");
    await tester.headSays(words.codes.packageState["rejected"]);
    const panel = page.getByRole("region", { name: words.packages.verification });
    await tester.seesText(words.codes.taskState["failed"], panel);
    await tester.seesText(words.codes.reason["-5"] ?? "", panel);
    await tester.seesText("self test: firmware 0.2.1 finds no dimmer", panel);
    await page.close();
  });

  test("what a seal says is on the page of its package", async () => {
    const signer = signerNamed("the console's");
    const image = buildAppImage({ version: "0.3.0", byteLength: 4096, seed: 1, secureVersion: 7 });
    const seal = { version: "0.3.0", securityVersion: 7, signers: [signer], product: DEMO_PRODUCT };
    const path = join(folder.path, "sealed.bin");
    writeFileSync(path, sealed(image, seal));
    const tester = new Tester(await bed.open("/packages"));
    const { page, words } = tester;
    await tester.press(words.packages.upload);
    await page.getByLabel(words.packages.choose).setInputFiles(path);
    await tester.seesText(words.packages.imageOf("simulated-app"));
    await tester.press(words.packages.send);
    await tester.seesText(words.packages.done("firmware", "0.3.0"));
    await tester.follow(words.packages.goVerify);
    await tester.seesText(words.packages.sealed(7, Buffer.from(signer.keyId).toString("hex")));
    await page.close();
  });

  test("a package is withdrawn once somebody has confirmed it; no plan is made of it then", async () => {
    const tester = new Tester(await bed.open("/packages"));
    const { page, words } = tester;
    await tester.follow("0.2.1", page.getByRole("table"));
    await tester.press(words.packages.withdraw);
    await tester.seesText(words.packages.withdrawText, page.getByRole("dialog"));
    await tester.press(words.common.cancel, page.getByRole("dialog"));
    await tester.headSays(words.codes.packageState["rejected"]);
    await tester.press(words.packages.withdraw);
    await tester.confirm(words.packages.withdraw);
    await tester.headSays(words.codes.packageState["withdrawn"]);
    assert.equal(await page.getByRole("link", { name: words.packages.makePlan }).count(), 0);
    await page.goto(`${bed.url}/plans/new`);
    const versions = page.getByLabel(`${words.planForm.packageOf(1)}, ${words.common.version}`);
    await versions.waitFor();
    await versions.locator("option", { hasText: /^0\.2\.0/ }).waitFor({ state: "attached" });
    assert.equal(await versions.locator("option", { hasText: /^0\.2\.1/ }).count(), 0);
    await page.close();
  });
});

async function slowDown(page: Page): Promise<void> {
  const debug = await page.context().newCDPSession(page);
  await debug.send("Network.enable");
  await debug.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: UPLOAD_BYTES_PER_SECOND,
  });
}

/** @returns the percents that the bar has shown, once it is gone */
function watchProgress(page: Page): Promise<readonly number[]> {
  return page.evaluate(`new Promise((resolve) => {
    const seen = [];
    const look = () => {
      const bar = document.querySelector("progress");
      if (bar !== null && seen.at(-1) !== bar.value) seen.push(bar.value);
      if (bar === null && seen.length > 0) resolve(seen);
      else requestAnimationFrame(look);
    };
    look();
  })`) as Promise<readonly number[]>;
}

/** Drops a file beside a text, as a person does from the desktop. */
async function drop(page: Page, beside: string, path: string, name: string): Promise<void> {
  const bytes = readFileSync(path).toString("base64");
  const dataTransfer = await page.evaluateHandle(`(() => {
    const bytes = Uint8Array.from(atob("${bytes}"), (character) => character.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], "${name}"));
    return transfer;
  })()`);
  const target = page.getByText(beside);
  await target.dispatchEvent("dragover", { dataTransfer });
  await target.dispatchEvent("drop", { dataTransfer });
}
