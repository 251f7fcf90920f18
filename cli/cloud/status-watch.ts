import { EventEmitter } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import type { Health, Operator, PlanView } from "../../cloud/operator/types.js";
import { type CloudChoice, withOperator } from "./operator.js";
import { countsText } from "./plan-json.js";
import { all, counted, say } from "./text.js";

/** Changes of a burst are shown together. */
const TOGETHER_MS = 250;
/** A look so often finds what the stream of events has lost. */
const LOOK_MS = 5000;

/** `ota-cloud status --watch`: on a terminal one picture that is drawn anew, elsewhere each line when it changes. */
export async function statusWatch(choice: CloudChoice): Promise<void> {
  await withOperator(choice, "status", async ({ operator }) => {
    const signals = new EventEmitter();
    let running = true;
    const stop = operator.follow(() => signals.emit("change"));
    const end = (): void => {
      running = false;
      signals.emit("change");
    };
    process.once("SIGINT", end).once("SIGTERM", end);
    let shown: readonly string[] = [];
    while (running) {
      const changed = changeOrTime(signals);
      const lines = await picture(operator);
      draw(lines, shown);
      shown = lines;
      await changed;
      if (running) await pause(TOGETHER_MS);
    }
    stop();
  });
}

/** @returns at the next change, or when it is time for another look */
function changeOrTime(signals: EventEmitter): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signals.off("change", done);
      resolve();
    };
    const timer = setTimeout(done, LOOK_MS);
    signals.once("change", done);
  });
}

async function picture(operator: Operator): Promise<string[]> {
  const health = await operator.health();
  const open = [];
  for (const state of ["active", "paused", "halted"] as const) open.push(...(await plansIn(operator, state)));
  return [...healthLines(health), ...(open.length === 0 ? ["no plan is open"] : open.map(planLine))];
}

function plansIn(operator: Operator, state: PlanView["state"]): Promise<PlanView[]> {
  return all((page) => operator.plans({ state }, page));
}

function healthLines({ ok, problems, devicesOnline, broker }: Health): string[] {
  const well = ok ? "well" : "not well";
  const brokerText = broker === "own" ? "" : `, broker ${broker}`;
  const onlineText = devicesOnline === null ? "unknown who is" : counted(devicesOnline, "device");
  return [
    `the cloud is ${well}, ${onlineText} online${brokerText}`,
    ...problems.map(({ code, message }) => `  ${code}: ${message}`),
  ];
}

function planLine({ id, name, state, reason, counts }: PlanView): string {
  return `plan ${id} ${name}: ${state}${reason === "" ? "" : ` (${reason})`}; ${countsText(counts)}`;
}

function draw(lines: readonly string[], shown: readonly string[]): void {
  if (!process.stdout.isTTY) {
    for (const line of lines) if (!shown.includes(line)) say(line);
    return;
  }
  if (lines.join("\n") === shown.join("\n")) return;
  // The cursor goes up to where the last picture began, and the rest of the screen is cleared.
  if (shown.length > 0) process.stdout.write(`\u001b[${shown.length}A\u001b[J`);
  const columns = process.stdout.columns || 80;
  for (const line of lines) say(line.slice(0, columns - 1));
}
