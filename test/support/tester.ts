import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { en } from "../../cloud/console/text/en/index.js";
import { zh } from "../../cloud/console/text/zh/index.js";
import type { Language } from "./page-bed.js";

export const DEMO_PRODUCT = "DEMOLAMP01";
export const DEMO_BOARDS = 12;
export const DEMO_SEED = 1;
/** Makes `serve` run that demo. */
export const DEMO_WORDS = ["--demo", String(DEMO_BOARDS), "--demo-seed", String(DEMO_SEED)];

/** @returns path of a firmware that the demo has made for the tester */
export function firmwareOf(folder: string, version: "0.2.0" | "0.2.1"): string {
  return join(folder, `demo/firmware/demo-lamp-${version}.bin`);
}

/** What a person at the console does, by the words that the page shows. Each press and each entry counts as a step. */
export class Tester {
  readonly page: Page;
  readonly words: typeof en;
  readonly #language: Language;
  steps = 0;
  #pictures = 0;

  constructor(page: Page, language: Language = "en") {
    this.page = page;
    this.#language = language;
    this.words = language === "zh" ? zh : en;
  }

  /** Goes to a page by the rail. */
  async visit(name: "overview" | "packages" | "plans" | "devices" | "faults"): Promise<void> {
    const { shell } = this.words;
    const rail = this.page.getByRole("navigation", { name: shell.navigation });
    await this.click(rail.getByRole("link", { name: shell[name] }));
    await this.page.getByRole("heading", { level: 1 }).waitFor();
  }

  async click(what: Locator): Promise<void> {
    this.steps += 1;
    await what.click();
  }

  /** Presses the button of that name, on the page or in a part of it. */
  async press(name: string, within: Page | Locator = this.page): Promise<void> {
    await this.click(within.getByRole("button", { name, exact: true }));
  }

  async follow(name: string, within: Page | Locator = this.page): Promise<void> {
    await this.click(within.getByRole("link", { name, exact: true }).first());
  }

  async fill(label: string, text: string): Promise<void> {
    this.steps += 1;
    await this.page.getByLabel(label, { exact: true }).fill(text);
  }

  /** Presses the button of a dialog that asks. */
  async confirm(action: string): Promise<void> {
    const dialog = this.page.getByRole("dialog");
    await this.press(action, dialog);
    await dialog.waitFor({ state: "hidden" });
  }

  async seesText(text: string | RegExp, within: Page | Locator = this.page): Promise<void> {
    await within.getByText(text).first().waitFor({ timeout: 60_000 });
  }

  /** Waits for the state in the head of a plan or a package. */
  async headSays(word: string, timeoutMs = 60_000): Promise<void> {
    // The sign of the state stands before its word: "not verified" is not "verified".
    await this.page
      .locator("main header")
      .getByText(new RegExp(`^[●◐○✕‖–\\s]*${word}`))
      .first()
      .waitFor({ timeout: timeoutMs });
  }

  /** @returns the row of a table that has this device */
  row(deviceName: string): Locator {
    return this.page.getByRole("row").filter({ hasText: deviceName });
  }

  /** Uploads a firmware by the list of packages, and goes on to its page. */
  async upload(file: string): Promise<void> {
    const { packages } = this.words;
    await this.visit("packages");
    await this.press(packages.upload);
    this.steps += 1;
    await this.page.getByLabel(packages.choose).setInputFiles(file);
    await this.picture("upload-form");
    await this.press(packages.send);
    await this.page.getByRole("link", { name: packages.goVerify }).waitFor();
    await this.picture("uploaded");
    await this.follow(packages.goVerify);
  }

  /** Begins the verification on a device; the page of the package is open. */
  async verifyOn(deviceName: string): Promise<void> {
    const { packages } = this.words;
    await this.fill(packages.device, deviceName);
    await this.press(packages.verify);
  }

  /** Goes to a step of the form of a plan. */
  async step(name: keyof typeof en.planForm.steps): Promise<void> {
    const { planForm } = this.words;
    const list = this.page.getByRole("navigation", { name: planForm.stepList });
    await this.click(list.getByRole("button", { name: planForm.steps[name] }));
  }

  /** Goes to the next step of the form. */
  async next(): Promise<void> {
    await this.press(this.words.common.next);
  }

  /** Takes a picture if the variable PICTURES names a folder for them. */
  async picture(name: string): Promise<void> {
    const folder = process.env["PICTURES"];
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    this.#pictures += 1;
    const number = String(this.#pictures).padStart(2, "0");
    await this.page.screenshot({ path: join(folder, `${number}-${name}-${this.#language}.png`), fullPage: true });
  }
}
