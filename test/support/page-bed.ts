import assert from "node:assert/strict";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { launchBrowser } from "./browser.js";
import { ServedCloud, type ServeOptions } from "./served-cloud.js";

export type Language = "en" | "zh";

export interface OpenOptions {
  readonly language?: Language;
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: "light" | "dark";
}

/** A served cloud with its console in a real browser, which notes everything that is wrong. */
export class PageBed {
  cloud: ServedCloud;
  readonly browser: Browser;
  readonly #folder: string;
  readonly #options: ServeOptions;
  readonly #contexts: BrowserContext[] = [];
  readonly #wrong: string[] = [];
  #cookies: Awaited<ReturnType<BrowserContext["cookies"]>> = [];
  /** Whether a server that does not answer is a part of the test. */
  allowsOutage = false;
  /** Whether a request that the cloud refuses is a part of the test: another was first, or something is not there. */
  allowsConflict = false;

  private constructor(options: { cloud: ServedCloud; browser: Browser; folder: string; served: ServeOptions }) {
    this.cloud = options.cloud;
    this.browser = options.browser;
    this.#folder = options.folder;
    this.#options = options.served;
  }

  static async start(folder: string, served: ServeOptions = {}): Promise<PageBed> {
    const cloud = await ServedCloud.start(folder, served);
    return new PageBed({ cloud, browser: await launchBrowser(), folder, served });
  }

  /** Address of the console, without a slash at its end. */
  get url(): string {
    return new URL(this.cloud.signInLink).origin;
  }

  /** Opens a window that is signed in; the first one uses the sign-in link. */
  async open(path = "/", options: OpenOptions = {}): Promise<Page> {
    const page = await this.window(options);
    if (this.#cookies.length === 0) {
      await page.goto(this.cloud.signInLink);
      await page.waitForSelector("nav");
      this.#cookies = await page.context().cookies();
    } else await page.context().addCookies(this.#cookies);
    if (path !== "/" || page.url() === "about:blank") await page.goto(`${this.url}${path}`);
    await page.waitForSelector("h1");
    return page;
  }

  /** Opens a window of a browser of its own, in which nobody is signed in. */
  async window(options: OpenOptions = {}): Promise<Page> {
    const { language = "en", width = 1280, height = 860, colorScheme = "light" } = options;
    const context = await this.browser.newContext({
      locale: language === "zh" ? "zh-CN" : "en-US",
      viewport: { width, height },
      colorScheme,
      acceptDownloads: true,
    });
    context.setDefaultTimeout(20_000);
    this.#contexts.push(context);
    const page = await context.newPage();
    page.once("close", () => void context.close().catch(() => {}));
    page.on("console", (message) => {
      if (message.type() !== "error" && message.type() !== "warning") return;
      const isOutage = /Failed to load resource: net::|ERR_|401|status of 50/.test(message.text());
      const isConflict = /status of 40[49]/.test(message.text());
      if (!(this.allowsOutage && isOutage) && !(this.allowsConflict && isConflict)) {
        this.#wrong.push(`${message.type()}: ${message.text()} ${message.location().url}`);
      }
    });
    page.on("pageerror", (error) => this.#wrong.push(`error: ${error.message}`));
    page.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== this.url && protocol !== "blob:") this.#wrong.push(`request to ${origin}`);
    });
    return page;
  }

  /** The API as the page's own user, without the page. */
  async api(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        Cookie: this.#cookieText(),
        Origin: this.url,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  /** Waits until so many devices are online: one that just connects anew, on a busy machine, would get no turn yet. */
  async online(devices: number): Promise<void> {
    for (const end = performance.now() + 120_000; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
      const { items } = (await this.api("GET", "/devices?online=true")) as { readonly items: readonly unknown[] };
      if (items.length >= devices) return;
      assert.ok(performance.now() < end, `${items.length} of ${devices} devices are online`);
    }
  }

  /** Sends a file as the raw body, as the page does. */
  async upload(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<unknown> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method: "POST",
      headers: { Cookie: this.#cookieText(), Origin: this.url, "Content-Type": "application/octet-stream" },
      body: bytes,
    });
    const text = await response.text();
    assert.ok(response.ok, `${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }

  #cookieText(): string {
    return this.#cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  }

  /** Ends the cloud as a power cut would. */
  async kill(): Promise<void> {
    await this.cloud.end("SIGKILL");
  }

  /** Starts it anew on the same ports. */
  async restart(): Promise<void> {
    const consolePort = Number(new URL(this.cloud.signInLink).port);
    const { mqttPort } = this.cloud;
    this.cloud = await ServedCloud.start(this.#folder, { ...this.#options, mqttPort, consolePort });
    this.#cookies = [];
  }

  /** Ends all. @throws AssertionError if the console reported an error, or asked another host */
  async close(): Promise<void> {
    for (const context of this.#contexts) await context.close();
    await this.browser.close();
    await this.cloud.end("SIGTERM");
    assert.deepEqual(this.#wrong, []);
  }
}
