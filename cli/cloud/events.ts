import { once } from "node:events";
import { printableJson } from "../../cloud/api/printable.js";
import type { Change, EventFilter, EventView, Page, Paged } from "../../cloud/operator/types.js";
import { UsageError } from "../command-line.js";
import { type CloudChoice, withOperator } from "./operator.js";
import { counted, each, say, sayJson, spell, timeText } from "./text.js";

const EVENTS_AT_ONCE = 500;

/** `ota-cloud events` */
export async function events(
  options: CloudChoice & {
    readonly product?: string;
    readonly device?: string;
    readonly plan?: number;
    readonly kind?: string;
    readonly newest?: boolean;
    readonly limit?: number;
    readonly follow?: boolean;
    readonly json?: boolean;
  },
): Promise<void> {
  const { product, device, plan, kind, newest, limit, follow, json, ...choice } = options;
  if (follow === true && (newest === true || limit !== undefined)) {
    throw new UsageError("--follow shows all, as they come: give it without --newest and --limit");
  }
  const filter: EventFilter = {
    ...(product === undefined ? {} : { productId: product }),
    ...(device === undefined ? {} : { deviceName: device }),
    ...(plan === undefined ? {} : { planId: plan }),
    ...(kind === undefined ? {} : { kind }),
  };
  await withOperator(choice, "events", async ({ operator }) => {
    const following = new AbortController();
    const { signal } = following;
    const end = (): void => following.abort();
    if (follow === true) process.once("SIGINT", end).once("SIGTERM", end);
    // Following begins before the stored events are read, so that none is lost between the two.
    const meanwhile: EventView[] = [];
    let last = 0;
    let show = (event: EventView): void => void meanwhile.push(event);
    const stop =
      follow === true ? operator.follow((change) => void (isOf(change, filter) && show(change.event))) : undefined;
    const order = newest === true ? "newest" : "oldest";
    const read = async (page: Page): Promise<Paged<EventView>> =>
      signal.aborted ? { items: [] } : operator.events(filter, { ...page, order });
    last = await sayEvents(read, json, limit);
    if (stop === undefined) return;
    show = (event) => {
      if (event.id > last) sayEvent(event, json);
    };
    for (const event of meanwhile) show(event);
    if (!signal.aborted) await once(signal, "abort");
    stop();
  });
}

/** Prints events page by page, at most `limit`. @returns the id of the last one */
export async function sayEvents(
  read: (page: Page) => Promise<Paged<EventView>>,
  json: boolean | undefined,
  limit = Number.POSITIVE_INFINITY,
): Promise<number> {
  let last = 0;
  let said = 0;
  for await (const event of each(read, Math.min(limit, EVENTS_AT_ONCE))) {
    sayEvent(event, json);
    last = event.id;
    said++;
    if (said === limit) break;
  }
  return last;
}

function sayEvent(event: EventView, json: boolean | undefined): void {
  if (json === true) sayJson(event);
  else say(eventLine(event));
}

/** `2026-05-01T10:00:00.000Z  ABCDE12345/light_01  report  {"type":"report_version"}` */
export function eventLine({ at, kind, device, planId, detail }: EventView): string {
  const about = [
    device === undefined ? "-" : spell(device),
    kind,
    planId === undefined ? "" : `plan ${planId}`,
    Object.keys(detail).length === 0 ? "" : printableJson(detail),
  ];
  return [timeText(at), ...about.filter((part) => part !== "")].join("  ");
}

function isOf(change: Change, filter: EventFilter): change is Extract<Change, { readonly kind: "event" }> {
  if (change.kind !== "event") return false;
  const { device, planId, kind } = change.event;
  return (
    (filter.productId === undefined || device?.productId === filter.productId) &&
    (filter.deviceName === undefined || device?.deviceName === filter.deviceName) &&
    (filter.planId === undefined || planId === filter.planId) &&
    (filter.kind === undefined || kind === filter.kind)
  );
}

const DAY_MS = 86_400_000;

/** `ota-cloud purge` */
export async function purge({
  olderThan,
  plan,
  json,
  ...choice
}: CloudChoice & { readonly olderThan?: number; readonly plan?: number; readonly json?: boolean }): Promise<void> {
  if ((olderThan === undefined) === (plan === undefined)) throw new UsageError("give --older-than or --plan");
  await withOperator(choice, "purge", async ({ operator, actor }) => {
    const request = plan === undefined ? { beforeMs: Date.now() - (olderThan ?? 0) * DAY_MS } : { planId: plan };
    const removed = await operator.purgeEvents(request, actor);
    if (json === true) sayJson({ removed });
    else say(`removed ${counted(removed, "event")}`);
  });
}
