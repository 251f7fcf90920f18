import { render } from "preact";
import { App } from "./app.js";
import { language, loadLanguage } from "./state/language.js";

const RETRY_MS = 3000;

const root = document.getElementById("console");
const unreachable = document.getElementById("unreachable");
if (root !== null && unreachable !== null) void start(root, unreachable);

/** Draws the page as soon as its texts are there. */
async function start(into: HTMLElement, waiting: HTMLElement): Promise<void> {
  for (;;) {
    try {
      await loadLanguage(language.value);
      break;
    } catch {
      waiting.hidden = false;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
  waiting.hidden = true;
  render(<App />, into);
}
