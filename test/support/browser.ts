import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

/** Where Debian and others have the browser. */
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export const BROWSER = process.env["CHROMIUM"] ?? BROWSERS.find((path) => existsSync(path));

/** For `test`: why it is skipped, or false. */
export const SKIPPED: string | false =
  BROWSER === undefined ? "no chromium: install it, or name it in the variable CHROMIUM" : false;

/** What drops down from the address bar is a page too, drawn unseen for each window: two thirds of its CPU time. */
const UNSEEN = ["WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup", "WebUIOmniboxPopup"];

/** What playwright-core disables. Only the browser's last list counts, so that this one is added to the above. */
const BY_PLAYWRIGHT = [
  "AimEnabled",
  "AvoidCorsURLLoaderRestartOnRedirect",
  "AvoidUnnecessaryBeforeUnloadCheckSync",
  "DestroyProfileOnBrowserClose",
  "HttpsFirstBalancedModeAutoEnable",
  "HttpsUpgrades",
  "LensOverlay",
  "MediaRouter",
  "NetworkTimeServiceQuerying",
  "OptimizationHints",
  "PaintHolding",
  "PreconnectToSearch",
  "ThirdPartyStoragePartitioning",
];

export function launchBrowser(): Promise<Browser> {
  const disabled = `--disable-features=${[...BY_PLAYWRIGHT, ...UNSEEN].join()}`;
  // A sandbox cannot be made by root, as which containers run.
  return chromium.launch({ executablePath: BROWSER ?? "", args: ["--no-sandbox", disabled] });
}
