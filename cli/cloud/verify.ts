import type { Operator, TaskView } from "../../cloud/operator/types.js";
import { EXIT_FAILED } from "../command-line.js";
import { progressLine } from "../progress-line.js";
import { type CloudChoice, withOperator } from "./operator.js";
import { taskJson } from "./plan-json.js";
import { say, sayJson } from "./text.js";

interface Options extends CloudChoice {
  readonly product: string;
  readonly version: string;
  readonly device: string;
  readonly component?: string;
  readonly wait?: boolean;
  readonly json?: boolean;
}

/** A change reaches the command by the stream of events; a look so often finds what the stream has lost. */
const LOOK_MS = 2000;

/** Where a task of a verification ends. `superseded` cannot be: a verification has a device to itself. */
const ENDED: readonly TaskView["state"][] = ["succeeded", "failed", "declined", "silent", "cancelled", "superseded"];

/** `ota-cloud verify`: the exit code is 0 if the package is verified, and 1 if it is rejected. */
export async function verify({ wait, json, product, device, ...options }: Options): Promise<void> {
  const { version, component, ...choice } = options;
  await withOperator(choice, "verify", async ({ operator, actor }) => {
    const request = {
      productId: product,
      version,
      deviceName: device,
      ...(component === undefined ? {} : { component }),
    };
    const { id } = await operator.verify(request, actor);
    const started = (await taskOf(operator, id)) ?? undefined;
    if (wait !== true) {
      if (json === true) sayJson({ planId: id, result: "verifying", ...(started && { task: taskJson(started) }) });
      else say(`${product} ${version} is being verified on ${device}: ota-cloud plan show ${id}`);
      return;
    }
    const task = await ended(operator, id);
    const result = task.state === "succeeded" ? "verified" : "rejected";
    if (json === true) sayJson({ planId: id, result, reason: reasonOf(task), task: taskJson(task) });
    else if (result === "verified") say(`${product} ${version} is verified: ${device} runs it`);
    else say(`${product} ${version} is rejected: ${task.state} on ${device}, ${reasonOf(task)}`);
    if (result === "rejected") process.exitCode = EXIT_FAILED;
  });
}

/** @returns the task of a verification when it has ended */
async function ended(operator: Operator, planId: number): Promise<TaskView> {
  let wake = (): void => {};
  const stop = operator.follow(() => wake());
  try {
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, LOOK_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      const task = await taskOf(operator, planId);
      if (task !== undefined) show(task);
      if (task !== undefined && ENDED.includes(task.state)) return task;
      await changed;
    }
  } finally {
    wake();
    stop();
    if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  }
}

/** Shows the progress on a terminal, and nothing elsewhere. */
function show({ state, percent = 0 }: TaskView): void {
  if (!process.stderr.isTTY) return;
  const columns = (process.stderr.columns || 80) - 1;
  process.stderr.write(`\r${progressLine({ name: state, share: percent / 100, tail: "", columns })}\u001b[K`);
}

async function taskOf(operator: Operator, planId: number): Promise<TaskView | undefined> {
  return (await operator.tasks({ planId }, { limit: 1 })).items[0];
}

function reasonOf({ reason, resultCode, resultMessage }: TaskView): string {
  // The reason of what was declined is the message itself.
  const parts = new Set([reason, resultCode, resultMessage].filter((part) => part !== undefined && part !== ""));
  return parts.size === 0 ? "no reason was given" : [...parts].join(" ");
}
