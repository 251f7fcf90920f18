import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { chosenEngine } from "../support/engine-choice.js";
import { SKIPPED } from "../support/browser.js";
import { PageBed } from "../support/page-bed.js";
import { temporaryFolder } from "../support/folder.js";
import { FLEET_PRODUCT, fleetName, makeFleetFolder } from "../support/served-cloud.js";

type Role = "viewer" | "operator" | "admin";

interface Made {
  readonly id: number;
  readonly token: string;
}

describe("who is signed in", { skip: SKIPPED }, () => {
  const folder = temporaryFolder();
  let bed: PageBed;

  before(async () => {
    await makeFleetFolder(folder.path, 3);
    bed = await PageBed.start(folder.path);
    bed.allowsOutage = true;
    await bed.open();
    await bed.api("POST", "/plans", { name: "draft", product: FLEET_PRODUCT, version: "2.0.0", all: true });
    // It offers nothing now, also to devices of which nobody knows if they are there.
    const hour = new Date().getUTCHours();
    const window = { from: (hour + 12) % 24, to: (hour + 13) % 24 };
    const { id } = (await bed.api("POST", "/plans", {
      name: "active",
      product: FLEET_PRODUCT,
      version: "2.0.0",
      all: true,
      override: "for a test",
      window,
      zone: "plan",
    })) as { id: number };
    await bed.api("POST", `/plans/${id}/activate`);
    await bed.api("POST", "/faults", { fault: "slow", bytesPerSecond: 1000, product: FLEET_PRODUCT });
  });

  after(async () => {
    await bed.close();
    folder.remove();
  });

  const newToken = async (role: Role): Promise<Made> =>
    (await bed.api("POST", "/tokens", { name: `a ${role}`, role })) as Made;

  test("the link signs in once; the second time the page says what to do", async () => {
    const page = await bed.window();
    await page.goto(bed.cloud.signInLink);
    await page.getByText(/^This link is used up/).waitFor();
    assert.equal(page.url(), `${bed.url}/login`, "the code must not stay in the address");
    await page.context().close();
  });

  test("by a token: a wrong one is refused, a right one leads in, and signing out ends it on the server", async () => {
    const { token } = await newToken("operator");
    const page = await bed.window();
    await page.goto(`${bed.url}/plans?state=draft`);
    await signIn(page, "no such token");
    await page.getByRole("alert").filter({ hasText: "This token is not valid." }).waitFor();
    await signIn(page, token);
    await page.getByRole("heading", { level: 1, name: "Plans" }).waitFor();
    assert.equal(page.url(), `${bed.url}/plans?state=draft`);
    const cookies = await page.context().cookies();
    assert.deepEqual(
      cookies.map(({ httpOnly, sameSite }) => [httpOnly, sameSite]),
      [[true, "Strict"]],
    );
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Token", { exact: true }).waitFor();
    assert.equal(await page.getByText("Your session has ended").count(), 0, "who has signed out knows it");
    await page.context().addCookies(cookies);
    await page.reload();
    await page.getByLabel("Token", { exact: true }).waitFor();
    await page.context().close();
  });

  // At another broker it is not known who is online.
  const online = chosenEngine() === "sqlite" ? "online=false&" : "";
  for (const path of [`/plans/2?tab=log`, `/devices?${online}text=device`]) {
    test(`a session that ends while ${path} is open: a sign-in goes on there`, async () => {
      const first = await newToken("viewer");
      const page = await bed.window();
      await page.goto(`${bed.url}${path}`);
      await signIn(page, first.token);
      await page
        .getByText(fleetName(0))
        .or(page.getByRole("tab", { selected: true, name: "Log" }))
        .first()
        .waitFor();
      await bed.api("DELETE", `/tokens/${first.id}`);
      // Nobody touches the page: it notices by itself.
      await page.getByRole("status").filter({ hasText: "Your session has ended." }).waitFor();
      assert.equal(page.url(), `${bed.url}${path}`);
      await signIn(page, (await newToken("operator")).token);
      await page.getByRole("navigation").waitFor();
      assert.equal(page.url(), `${bed.url}${path}`);
      await page.getByText("a operator, operator").waitFor();
      await page.context().close();
    });
  }

  test("a restart of the cloud signs nobody out, and one who signs out stays so", async () => {
    const { token } = await newToken("viewer");
    const page = await bed.window();
    await page.goto(`${bed.url}/devices`);
    await signIn(page, token);
    await page.getByText(fleetName(0)).waitFor();
    await bed.kill();
    await bed.restart();
    await page.reload();
    await page.getByText(fleetName(0)).waitFor();
    await page.getByText("a viewer, viewer").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Token", { exact: true }).waitFor();
    await page.context().close();
    await bed.open();
  });

  describe("nobody sees a button that would be refused", () => {
    /** Buttons and links that act, of each page, without the frame, filters and what only shows or saves something. */
    const EXPECTED: { readonly [path: string]: { readonly [role in Role]: readonly string[] } } = {
      "/": { viewer: [], operator: [], admin: [] },
      "/packages": { viewer: [], operator: ["Upload a package"], admin: ["Upload a package"] },
      "/packages/1": {
        viewer: [],
        operator: ["New plan", "Withdraw", "Device", "Deltas from the versions", "compressed image"],
        admin: ["New plan", "Withdraw", "Device", "Deltas from the versions", "compressed image"],
      },
      "/plans": { viewer: [], operator: ["New plan"], admin: ["New plan"] },
      "/plans/1": {
        viewer: [],
        operator: ["Activate", "Edit", "Copy", "Delete draft"],
        admin: ["Activate", "Edit", "Copy", "Delete draft"],
      },
      "/plans/2": {
        viewer: ["○waiting 3"],
        operator: ["Pause", "Copy", "Cancel plan", "Stop", "○waiting 3"],
        admin: ["Pause", "Copy", "Cancel plan", "Stop", "○waiting 3"],
      },
      "/plans/2?task=1": {
        viewer: ["○waiting 3", "Close"],
        operator: ["Pause", "Copy", "Cancel plan", "Stop", "○waiting 3", "Close", "Cancel task"],
        admin: ["Pause", "Copy", "Cancel plan", "Stop", "○waiting 3", "Close", "Cancel task"],
      },
      "/devices": { viewer: [], operator: ["Add devices"], admin: ["Add devices"] },
      [`/devices/${FLEET_PRODUCT}/${fleetName(0)}`]: {
        viewer: [],
        operator: ["Verify a package on it", "Bind to a gateway", "Edit"],
        admin: ["Verify a package on it", "Remove", "Bind to a gateway", "Edit"],
      },
      [`/devices/${FLEET_PRODUCT}/${fleetName(0)}?tab=faults`]: {
        viewer: [],
        operator: [
          "Verify a package on it",
          "Bind to a gateway",
          "Edit",
          "Fault",
          "After bytes",
          "How often (optional)",
          "Add the fault",
        ],
        admin: [
          "Verify a package on it",
          "Remove",
          "Bind to a gateway",
          "Edit",
          "Fault",
          "After bytes",
          "How often (optional)",
          "Add the fault",
        ],
      },
      "/audit": { viewer: [], operator: [], admin: [] },
      "/faults": {
        viewer: [],
        operator: ["Fault", "After bytes", "Product", "Device", "How often (optional)", "Add the fault"],
        admin: ["Fault", "After bytes", "Product", "Device", "How often (optional)", "Add the fault"],
      },
      "/tokens": { viewer: [], operator: [], admin: ["New token"] },
      "/settings": {
        viewer: [],
        operator: [],
        admin: ["Days that events are kept", "Least saving, %", "Change", "Show the secret"],
      },
      "/plans/1/edit": {
        viewer: [],
        operator: [
          "1What",
          "2Whom",
          "3When",
          "4How fast",
          "5What if",
          "6Check and save",
          "Product",
          "Package 1, Component",
          "Package 1, Version",
          "Reason to go without verification",
          "Name",
          "Next",
        ],
        admin: [
          "1What",
          "2Whom",
          "3When",
          "4How fast",
          "5What if",
          "6Check and save",
          "Product",
          "Package 1, Component",
          "Package 1, Version",
          "Reason to go without verification",
          "Name",
          "Next",
        ],
      },
      "/plans/new": {
        viewer: [],
        operator: [
          "1What",
          "2Whom",
          "3When",
          "4How fast",
          "5What if",
          "6Check and save",
          "Product",
          "Package 1, Component",
          "Package 1, Version",
          "Name",
          "Next",
          "Packages 1",
        ],
        admin: [
          "1What",
          "2Whom",
          "3When",
          "4How fast",
          "5What if",
          "6Check and save",
          "Product",
          "Package 1, Component",
          "Package 1, Version",
          "Name",
          "Next",
          "Packages 1",
        ],
      },
      "/devices/new": {
        viewer: [],
        operator: [
          "Product",
          "One device",
          "By count: a prefix and a number",
          "By a file of names",
          "Name",
          "By a secret that is made now",
          "By a secret that it has",
          "By a certificate",
          "Note",
          "Add",
        ],
        admin: [
          "Product",
          "Product id",
          "Name of the product",
          "One device",
          "By count: a prefix and a number",
          "By a file of names",
          "Name",
          "By a secret that is made now",
          "By a secret that it has",
          "By a certificate",
          "Note",
          "Add",
        ],
      },
    };

    for (const role of ["viewer", "operator", "admin"] as const) {
      test(role, async () => {
        const { token } = await newToken(role);
        const page = await bed.window();
        await page.goto(bed.url);
        await signIn(page, token);
        await page.getByRole("navigation").waitFor();
        const seesTokens = (await page.getByRole("navigation").getByRole("link", { name: "Tokens" }).count()) > 0;
        assert.equal(seesTokens, role === "admin");
        const found: { [path: string]: readonly string[] } = {};
        for (const [path, { [role]: expected }] of Object.entries(EXPECTED)) {
          await page.goto(`${bed.url}${path}`);
          await page.waitForSelector("h1");
          await page.waitForSelector("[aria-busy=true]", { state: "detached" });
          await page.waitForTimeout(300);
          // The log of a task comes later on a busy machine; what is there too much does not go again.
          const end = performance.now() + 20_000;
          do found[path] = await actionsOf(page);
          while (found[path]?.join() !== expected.join() && performance.now() < end);
        }
        assert.deepEqual(found, Object.fromEntries(Object.entries(EXPECTED).map(([path, of]) => [path, of[role]])));
        await page.context().close();
      });
    }
  });
});

async function signIn(page: Page, token: string): Promise<void> {
  await page.getByLabel("Token", { exact: true }).fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** @returns the names of what can be pressed in the content of the page, and of its fields that are no filter */
async function actionsOf(page: Page): Promise<string[]> {
  return (await page.evaluate(`(() => {
    const nameOf = (element) => element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent ?? element.textContent;
    const acting = "#content :is(button, a.button, input, select, textarea)";
    const found = [...document.querySelectorAll(acting)].filter((element) =>
      element.closest("search, .filters, .menu, [role=tablist], .chips, table, legend") === null &&
      element.checkVisibility() && !element.disabled && !element.hasAttribute("download"));
    return found.map((element) => nameOf(element).trim());
  })()`)) as string[];
}
