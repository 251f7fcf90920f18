import { randomBytes } from "node:crypto";
import { isTimeZone } from "../fleet/window.js";
import { namedDevice } from "../rollout/named-device.js";
import type { NamedDevice } from "../rollout/task-dispatch.js";
import type { Work } from "../rollout/work.js";
import type { Device, NewDevice as DeviceRow } from "../store/schema.js";
import type { Tables } from "../store/tables/tables.js";
import type { DeviceName } from "../types.js";
import { audit, checkDeviceName, ensureProduct, type OperatorContext, productOf, spell } from "./context.js";
import { deviceViews } from "./device-views.js";
import { rowsOf } from "./pages.js";
import {
  type Actor,
  type DeviceFilter,
  type DeviceView,
  type NewDevice,
  type Page,
  type Paged,
  Refusal,
} from "./types.js";

/** Most devices of one request. */
const MOST_DEVICES = 100_000;

export class DeviceRequests {
  readonly #context: OperatorContext;

  constructor(context: OperatorContext) {
    this.#context = context;
  }

  async list({ online, ...filter }: DeviceFilter, page: Page): Promise<Paged<DeviceView>> {
    const { tables } = this.#context.transactions;
    const wanted = rowsOf(page);
    const rowFilter = await this.#rowFilter(tables, filter);
    if (rowFilter === undefined) return { items: [] };
    const items: DeviceView[] = [];
    let last = wanted.after;
    for (;;) {
      const rows = await tables.devices.list(rowFilter, { ...wanted, ...(last === undefined ? {} : { after: last }) });
      for (const view of await deviceViews(this.#context, rows)) {
        if (online !== undefined && view.online !== online) continue;
        items.push(view);
        if (items.length === wanted.limit) return { items, next: view.id };
      }
      last = rows.at(-1)?.id;
      if (rows.length < wanted.limit) return { items };
    }
  }

  async get(name: DeviceName): Promise<DeviceView> {
    const { row } = await mustExist(this.#context.transactions.tables, name);
    return (await deviceViews(this.#context, [row]))[0] as DeviceView;
  }

  async add(
    devices: readonly NewDevice[],
    actor: Actor,
  ): Promise<(DeviceName & { readonly deviceSecret?: string; readonly added: boolean })[]> {
    if (devices.length > MOST_DEVICES) throw new Refusal("too-large", `at most ${MOST_DEVICES} devices at a time`);
    for (const { deviceName } of devices) checkDeviceName(deviceName);
    const byProduct = new Map<string, NewDevice[]>();
    for (const device of devices) {
      const known = byProduct.get(device.productId);
      if (known === undefined) byProduct.set(device.productId, [device]);
      else known.push(device);
    }
    return this.#context.transactions.run(async (work) => {
      const results = new Map<string, DeviceName & { readonly deviceSecret?: string; readonly added: boolean }>();
      for (const [productId, wanted] of byProduct) {
        const product = await ensureProduct(work, productId);
        const names = wanted.map(({ deviceName }) => deviceName);
        const known = new Map(
          (await work.tables.devices.findMany(product.id, names)).map((row) => [row.deviceName, row]),
        );
        const rows: DeviceRow[] = [];
        for (const device of wanted) {
          const name = { productId, deviceName: device.deviceName };
          if (results.has(spell(name))) continue;
          const row = known.get(device.deviceName);
          if (row !== undefined) {
            results.set(spell(name), { ...name, ...sameSecret(name, device, row), added: false });
            continue;
          }
          const secret =
            device.certificate === true ? null : (device.deviceSecret ?? randomBytes(16).toString("base64"));
          rows.push({
            productId: product.id,
            deviceName: device.deviceName,
            secret,
            note: device.note ?? "",
            createdAt: work.nowMs,
          });
          results.set(spell(name), { ...name, ...(secret === null ? {} : { deviceSecret: secret }), added: true });
        }
        await work.tables.devices.insertMany(rows);
        const { secrets } = this.#context.platform;
        work.after(() => {
          for (const { deviceName, secret } of rows) secrets.set({ productId, deviceName }, secret ?? null);
        });
        if (rows.length > 0) {
          const some = rows.length === 1 ? { deviceName: rows[0]?.deviceName } : { count: rows.length };
          await audit(work, actor, "device-add", productId, some);
          work.after(() => this.#context.rollout.journal.notify({ kind: "presence" }));
        }
      }
      return devices.flatMap((device) => {
        const result = results.get(spell(device));
        return result === undefined ? [] : [result];
      });
    });
  }

  async addCount(
    { productId, prefix, count }: { readonly productId: string; readonly prefix: string; readonly count: number },
    actor: Actor,
  ): Promise<(DeviceName & { readonly deviceSecret?: string; readonly added: boolean })[]> {
    if (!(Number.isSafeInteger(count) && count > 0 && count <= MOST_DEVICES)) {
      throw new Refusal("invalid", `a count is 1 to ${MOST_DEVICES}`);
    }
    const width = String(count).length;
    const names = Array.from({ length: count }, (_, index) => `${prefix}${String(index + 1).padStart(width, "0")}`);
    return this.add(
      names.map((deviceName) => ({ productId, deviceName })),
      actor,
    );
  }

  async change(
    name: DeviceName,
    change: { readonly note?: string; readonly timeZone?: string; readonly language?: string },
    actor: Actor,
  ): Promise<DeviceView> {
    const { timeZone, note, language } = change;
    if (timeZone !== undefined && timeZone !== "" && !isTimeZone(timeZone)) {
      throw new Refusal("invalid", `${timeZone} is no time zone: give an IANA name, such as Asia/Shanghai`);
    }
    if (note !== undefined && note.length > 256) throw new Refusal("invalid", "a note has at most 256 characters");
    if (language !== undefined && !/^([a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3})?$/.test(language)) {
      throw new Refusal("invalid", "a language is a BCP 47 tag, such as zh or en");
    }
    await this.#context.transactions.run(async (work) => {
      const { id } = await mustExist(work.tables, name);
      await work.tables.devices.update(id, {
        ...change,
        ...(timeZone === "" ? { timeZone: null } : {}),
        ...(language === "" ? { language: null } : {}),
      });
      await audit(work, actor, "device-change", spell(name), change);
    });
    return this.get(name);
  }

  async remove(name: DeviceName, actor: Actor): Promise<void> {
    const { rollout, transactions, platform, signals } = this.#context;
    await transactions.run(async (work) => {
      const device = await mustExist(work.tables, name);
      const gateway = await gatewayOf(work.tables, device.row);
      if (gateway !== undefined) await platform.bindings.unbind(work, device, gateway);
      for (const { id } of await work.tables.tasks.openOfDevice(device.id)) {
        // Read anew: the end of an earlier component ends the later ones.
        const task = await work.tables.tasks.byId(id);
        if (task !== undefined) await rollout.tasks.dispatch(work, task, device, { type: "device-removed" });
      }
      await work.tables.devices.remove(device.id);
      await audit(work, actor, "device-remove", spell(name));
      await signals.tell(work, { do: "device-removed", device: name });
      work.after(() => rollout.journal.notify({ kind: "presence" }));
    });
  }

  /** It is no error if the sub-device is already bound to this gateway. */
  async bind(subDeviceName: DeviceName, gatewayName: DeviceName, actor: Actor): Promise<void> {
    const { platform, transactions } = this.#context;
    await transactions.run(async (work) => {
      const subDevice = await mustExist(work.tables, subDeviceName);
      const gateway = await mustExist(work.tables, gatewayName);
      const obstacle = await platform.bindings.obstacle(work, subDevice.row, gateway.row);
      if (obstacle === "bound-already") return;
      if (obstacle !== undefined) throw await this.#refusalOf(work.tables, obstacle, subDevice, gateway);
      await platform.bindings.bind(work, subDevice, gateway);
      await audit(work, actor, "device-bind", spell(subDevice), { gateway: spell(gateway) });
      await this.#tellBinding(work, gateway, subDevice, true);
    });
  }

  async unbind(subDeviceName: DeviceName, actor: Actor): Promise<DeviceName> {
    const { platform, transactions } = this.#context;
    return transactions.run(async (work) => {
      const subDevice = await mustExist(work.tables, subDeviceName);
      const gateway = await gatewayOf(work.tables, subDevice.row);
      if (gateway === undefined) throw new Refusal("conflict", `${spell(subDevice)} is bound to no gateway`);
      await platform.bindings.unbind(work, subDevice, gateway);
      await audit(work, actor, "device-unbind", spell(subDevice), { gateway: spell(gateway) });
      await this.#tellBinding(work, gateway, subDevice, false);
      return { productId: gateway.productId, deviceName: gateway.deviceName };
    });
  }

  async #tellBinding(work: Work, gateway: NamedDevice, subDevice: NamedDevice, bound: boolean): Promise<void> {
    const name = ({ productId, deviceName }: DeviceName): DeviceName => ({ productId, deviceName });
    await this.#context.signals.tell(work, {
      do: "binding-changed",
      gateway: name(gateway),
      subDevice: name(subDevice),
      bound,
    });
  }

  async #refusalOf(
    tables: Tables,
    obstacle: "bound-elsewhere" | "is-gateway" | "not-allowed",
    subDevice: NamedDevice,
    gateway: NamedDevice,
  ): Promise<Refusal> {
    const bound = (await gatewayOf(tables, subDevice.row)) ?? gateway;
    const why = {
      "is-gateway": `${spell(subDevice)} is a gateway itself`,
      "bound-elsewhere": `${spell(subDevice)} is bound to ${spell(bound)}: unbind it first`,
      "not-allowed": `${spell(gateway)} is a sub-device itself, or has as many sub-devices as a gateway may have`,
    };
    return new Refusal("conflict", why[obstacle]);
  }

  /** @returns `undefined` if nothing can match */
  async #rowFilter(tables: Tables, filter: Omit<DeviceFilter, "online">) {
    const { productId, gateway, text, component, version } = filter;
    const product = productId === undefined ? undefined : await productOf(tables, productId);
    const bound = gateway === undefined ? undefined : await namedDevice(tables, gateway);
    if (gateway !== undefined && bound === undefined) return undefined;
    return {
      ...(product === undefined ? {} : { productId: product.id }),
      ...(bound === undefined ? {} : { gatewayId: bound.id }),
      ...(text === undefined ? {} : { text }),
      ...(component === undefined ? {} : { component }),
      ...(version === undefined ? {} : { version }),
    };
  }
}

/** @throws Refusal if there is no such device */
export async function mustExist(tables: Tables, name: DeviceName): Promise<NamedDevice> {
  const device = await namedDevice(tables, name);
  if (device === undefined) throw new Refusal("not-found", `there is no device ${spell(name)}: add it first`);
  return device;
}

async function gatewayOf(tables: Tables, { gatewayId }: Device): Promise<NamedDevice | undefined> {
  const row = gatewayId === null ? undefined : await tables.devices.byId(gatewayId);
  const product = row === undefined ? undefined : await tables.products.byId(row.productId);
  if (row === undefined || product === undefined) return undefined;
  return { id: row.id, productId: product.productId, deviceName: row.deviceName, gatewayId: row.gatewayId, row };
}

/** @throws Refusal if the device was added with another secret */
function sameSecret(
  name: DeviceName,
  { deviceSecret, certificate = false }: NewDevice,
  { secret }: Device,
): { readonly deviceSecret?: string } {
  if (deviceSecret === undefined ? certificate && secret !== null : deviceSecret !== secret) {
    throw new Refusal("exists", `device ${name.deviceName} exists with another secret`);
  }
  return secret === null ? {} : { deviceSecret: secret };
}
