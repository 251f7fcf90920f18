import type { DeviceView } from "../../cloud/operator/types.js";
import { UsageError } from "../command-line.js";
import { sayEvents } from "./events.js";
import { type CloudChoice, withOperator } from "./operator.js";
import { each, onlineText, say, sayJson, spell, table, timeText } from "./text.js";

/** `ota-cloud device list` */
export async function deviceList(
  options: CloudChoice & {
    readonly product?: string;
    readonly text?: string;
    readonly online?: boolean;
    readonly version?: string;
    readonly json?: boolean;
  },
): Promise<void> {
  const { product, text, online, version, json, ...choice } = options;
  await withOperator(choice, "device list", async ({ operator }) => {
    const filter = {
      ...(product === undefined ? {} : { productId: product }),
      ...(text === undefined ? {} : { text }),
      ...(version === undefined ? {} : { version }),
      ...(online === undefined ? {} : { online }),
    };
    const devices: DeviceView[] = [];
    for await (const device of each((page) => operator.devices(filter, page))) devices.push(device);
    if (json === true) {
      sayJson(devices);
      return;
    }
    const rows = devices.map((device) => [
      spell(device),
      onlineText(device.online),
      versionsText(device),
      device.gateway === undefined ? "" : `behind ${spell(device.gateway)}`,
      `last seen ${timeText(device.lastSeenAt)}`,
      device.note,
    ]);
    for (const line of table(rows, "no devices")) say(line);
  });
}

/** `ota-cloud device remove` */
export async function deviceRemove({
  product,
  name,
  ...choice
}: CloudChoice & { readonly product: string; readonly name: string }): Promise<void> {
  await withOperator(choice, "device remove", async ({ operator, actor }) => {
    await operator.removeDevice({ productId: product, deviceName: name }, actor);
    say(`removed ${product}/${name}`);
  });
}

/** `ota-cloud device log` */
export async function deviceLog({
  product,
  name,
  json,
  ...choice
}: CloudChoice & { readonly product: string; readonly name: string; readonly json?: boolean }): Promise<void> {
  await withOperator(choice, "device log", async ({ operator }) => {
    await operator.device({ productId: product, deviceName: name });
    const filter = { productId: product, deviceName: name };
    await sayEvents((page) => operator.events(filter, page), json);
  });
}

function versionsText({ versions }: DeviceView): string {
  const { firmware, ...others } = versions;
  const parts = Object.entries(others).map(([component, version]) => `${component} ${version}`);
  return [firmware ?? "no version", ...parts].join(", ");
}

/** `ota-cloud device set` */
export async function deviceSet({
  product,
  name,
  note,
  timeZone,
  language,
  json,
  ...choice
}: CloudChoice & {
  readonly product: string;
  readonly name: string;
  readonly note?: string;
  readonly timeZone?: string;
  readonly language?: string;
  readonly json?: boolean;
}): Promise<void> {
  const change = {
    ...(note === undefined ? {} : { note }),
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(language === undefined ? {} : { language }),
  };
  if (Object.keys(change).length === 0) throw new UsageError("give --time-zone, --language or --note");
  await withOperator(choice, "device set", async ({ operator, actor }) => {
    const device = await operator.changeDevice({ productId: product, deviceName: name }, change, actor);
    if (json === true) sayJson(device);
    else say(`changed ${spell(device)}`);
  });
}
