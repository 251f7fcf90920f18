import type { Command } from "commander";
import { count, names } from "../../command-line.js";
import {
  PLAN_ACTIONS,
  planAction,
  planCreate,
  planDelete,
  planEdit,
  planList,
  planPreview,
  planRetry,
  planShow,
} from "../plans.js";
import { verify } from "../verify.js";
import { product, withCloud } from "./options.js";

const PLAN_HELP = `
plan.json is an object. All but name, product and version (or packages) have a default:
  name, product
  version, or packages: [{ component, version }]      in this order
  from: [versions]  devices: [names]  all: true       which devices
  allow: [names]  deny: [names]                       deny wins
  dynamic: true                                       devices that come later too
  timeZone: "Asia/Shanghai"  window: { from, to }     whole hours
  mode: "silent" or "confirm"  texts: { zh: { title, body }, en: { title, body } }
  strategy: { minBatteryPercent, minSignalDbm, space }
  pace: { maxInFlight, maxAsked, perMinute, stages: [5, 100] }
  halt: { percent, atLeast }
  retry: [{ code, times, afterSeconds }]
  silentAfterSeconds
  override: "why the package was not verified"`;

/** `ota-cloud plan` and `ota-cloud verify` */
export function planCommands(program: Command): void {
  const plan = program.command("plan").description("Plans: which devices are updated, when and how fast.");
  withCloud(plan.command("create"))
    .description("Create a plan, as a draft. The first line is its id.")
    .requiredOption("--file <plan.json>", "the plan")
    .option("--names-file <file>", "names of its devices, one a line, in place of `devices`")
    .option("--json", "as one JSON object")
    .addHelpText("after", PLAN_HELP)
    .action(planCreate);
  withCloud(plan.command("edit"))
    .description("Change a draft: the file takes the place of its settings.")
    .argument("<id>", "the plan", count)
    .requiredOption("--file <plan.json>", "the plan")
    .option("--names-file <file>", "names of its devices, one a line, in place of `devices`")
    .option("--json", "as one JSON object")
    .addHelpText("after", PLAN_HELP)
    .action(planEdit);
  withCloud(plan.command("preview"))
    .description("Show which devices a plan would update, and why it would not update the others.")
    .argument("[id]", "a plan that was created", count)
    .option("--file <plan.json>", "a plan that was not")
    .option("--reason <reason>", "of those that would not be updated, only the ones with this reason")
    .option("--limit <n>", "list at most so many devices; default: 20, and all with --json or --rejected", count)
    .option("--rejected <file>", "write the names of those that would not be updated to this file, with the reasons")
    .option("--json", "as one JSON object")
    .action(planPreview);
  for (const [name, { description }] of Object.entries(PLAN_ACTIONS)) {
    withCloud(plan.command(name))
      .description(description)
      .argument("<id>", "the plan", count)
      .option("--json", "as one JSON object")
      .action((id: number, options: Parameters<typeof planAction>[2]) => planAction(name, id, options));
  }
  withCloud(plan.command("retry"))
    .description("Try the failed and silent tasks of a plan again.")
    .argument("<id>", "the plan", count)
    .option("--task <ids>", "only these tasks, separated by commas", names)
    .option("--json", "as one JSON object")
    .action(planRetry);
  withCloud(plan.command("delete"))
    .description("Delete a draft.")
    .argument("<id>", "the plan", count)
    .option("--json", "as one JSON object")
    .action(planDelete);
  withCloud(plan.command("show"))
    .description("Show a plan and how far each device is.")
    .argument("<id>", "the plan", count)
    .option("--json", "as one JSON object")
    .action(planShow);
  withCloud(plan.command("list"))
    .description("Show the plans.")
    .option("--product <id>", "only those of this product")
    .option("--json", "as one JSON list")
    .action(planList);

  withCloud(program.command("verify"))
    .description("Verify a package on one device, before any plan. With --wait: exit code 0 verified, 1 rejected.")
    .addOption(product())
    .requiredOption("--version <v>", "version of the package")
    .requiredOption("--device <name>", "the device that is updated to it")
    .option("--component <id>", "component of the package; default: the firmware")
    .option("--wait", "wait for the result")
    .option("--json", "as one JSON object")
    .action(verify);
}
