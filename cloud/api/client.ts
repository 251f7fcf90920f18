import type { Readable } from "node:stream";
import type {
  AuditView,
  Change,
  DeviceFilter,
  DeviceView,
  EventFilter,
  EventView,
  Health,
  Metric,
  NewDevice,
  NewPackage,
  Operator,
  PackageView,
  Page,
  Paged,
  PlanInput,
  PlanStateName,
  PlanView,
  Preview,
  ProductChange,
  ProductView,
  TaskStateName,
  TaskView,
  TokenView,
} from "../operator/types.js";
import { Refusal } from "../operator/types.js";
import type { FaultRecord } from "../faults/fault.js";
import type { DeviceName, CloudStatus, UpgradeRequest } from "../types.js";
import { type ExchangeRequest, HttpExchange, type HttpExchangeOptions } from "./http-exchange.js";
import { followStream } from "./stream-client.js";

export interface RemoteOperatorOptions extends HttpExchangeOptions {
  /** Called with one line when the stream of events breaks; it is opened again. */
  onLost?(line: string): void;
}

/** Devices of one request. Their JSON stays below the API's limit of 1 MB. */
const DEVICES_AT_ONCE = 2500;

/**
 * What an operator can ask of a cloud, over its API. The API knows who asks by the token, so that an actor counts only
 * with the token of this machine: as the name of the command.
 */
export class RemoteOperator implements Operator {
  readonly #exchange: HttpExchange;
  readonly #options: RemoteOperatorOptions;
  readonly #streams = new Set<() => void>();

  private constructor(options: RemoteOperatorOptions, exchange: HttpExchange) {
    this.#options = options;
    this.#exchange = exchange;
  }

  /** @throws ApiError if no cloud answers there, or it does not take the token */
  static async connect(options: RemoteOperatorOptions): Promise<RemoteOperator> {
    const exchange = new HttpExchange(options);
    await exchange.ask("GET", "/health");
    return new RemoteOperator(options, exchange);
  }

  async products(): Promise<readonly ProductView[]> {
    return items(await this.#get("/products"));
  }

  async setProduct({ productId, ...change }: ProductChange): ReturnType<Operator["setProduct"]> {
    return (await this.#exchange.ask("PUT", `/products/${productId}`, { body: change })) as Awaited<
      ReturnType<Operator["setProduct"]>
    >;
  }

  async devices(filter: DeviceFilter, page: Page): Promise<Paged<DeviceView>> {
    const { productId, gateway, text, component, version, online } = filter;
    const query = { product: productId, text, component, version, online, gateway: gateway && spell(gateway) };
    return (await this.#get("/devices", { ...query, ...page })) as Paged<DeviceView>;
  }

  async device(name: DeviceName): Promise<DeviceView> {
    return (await this.#get(devicePath(name))) as DeviceView;
  }

  async addDevices(devices: readonly NewDevice[]): ReturnType<Operator["addDevices"]> {
    const added: Awaited<ReturnType<Operator["addDevices"]>>[number][] = [];
    for (let at = 0; at < devices.length; at += DEVICES_AT_ONCE) {
      const body = { devices: devices.slice(at, at + DEVICES_AT_ONCE) };
      const answer = (await this.#post("/devices/batch", body)) as { readonly devices: typeof added };
      added.push(...answer.devices);
    }
    return added;
  }

  async addDeviceCount(request: Parameters<Operator["addDeviceCount"]>[0]): ReturnType<Operator["addDeviceCount"]> {
    const { devices } = (await this.#post("/devices/count", request)) as {
      readonly devices: Awaited<ReturnType<Operator["addDeviceCount"]>>;
    };
    return devices;
  }

  async changeDevice(name: DeviceName, change: Parameters<Operator["changeDevice"]>[1]): Promise<DeviceView> {
    return (await this.#exchange.ask("PATCH", devicePath(name), { body: change })) as DeviceView;
  }

  async removeDevice(name: DeviceName): Promise<void> {
    await this.#exchange.ask("DELETE", devicePath(name));
  }

  async bind(subDevice: DeviceName, { productId, deviceName }: DeviceName): Promise<void> {
    await this.#exchange.ask("PUT", `${devicePath(subDevice)}/gateway`, { body: { productId, deviceName } });
  }

  async unbind(subDevice: DeviceName): Promise<DeviceName> {
    return (await this.#exchange.ask("DELETE", `${devicePath(subDevice)}/gateway`)) as DeviceName;
  }

  async packages(productId: string | undefined, page: Page): Promise<Paged<PackageView>> {
    return (await this.#get("/packages", { product: productId, ...page })) as Paged<PackageView>;
  }

  async package(id: number): Promise<PackageView> {
    return (await this.#get(`/packages/${id}`)) as PackageView;
  }

  async addPackage(request: NewPackage, content: Readable): Promise<PackageView> {
    const { productId, requirements = {}, size, ...rest } = request;
    const { component, kind, ...demands } = requirements;
    if (size === undefined) throw new Refusal("invalid", "an upload over the API needs the size of its file");
    return (await this.#exchange.ask("POST", "/packages", {
      query: {
        ...(component === undefined ? {} : { component }),
        ...(kind === undefined ? {} : { kind }),
        product: productId,
        ...demands,
        ...rest,
      },
      stream: { content, size },
    })) as PackageView;
  }

  async addPackageFile(
    id: number,
    { fileName, size }: { readonly fileName: string; readonly size?: number },
    content: Readable,
  ): Promise<PackageView> {
    if (size === undefined) throw new Refusal("invalid", "an upload over the API needs the size of its file");
    const request = { query: { fileName }, stream: { content, size } };
    return (await this.#exchange.ask("POST", `/packages/${id}/files`, request)) as PackageView;
  }

  async withdrawPackage(id: number): Promise<PackageView> {
    return (await this.#post(`/packages/${id}/withdraw`)) as PackageView;
  }

  async secretsIn(id: number): Promise<readonly DeviceName[]> {
    return items(await this.#get(`/packages/${id}/secrets`));
  }

  async verify(request: Parameters<Operator["verify"]>[0]): Promise<PlanView> {
    return (await this.#post("/verify", request)) as PlanView;
  }

  async createPlan(plan: PlanInput): Promise<PlanView> {
    return (await this.#post("/plans", plan)) as PlanView;
  }

  async plans(
    { productId, state }: { readonly productId?: string; readonly state?: PlanStateName },
    page: Page,
  ): Promise<Paged<PlanView>> {
    return (await this.#get("/plans", { product: productId, state, ...page })) as Paged<PlanView>;
  }

  async plan(id: number): Promise<PlanView> {
    return (await this.#get(`/plans/${id}`)) as PlanView;
  }

  async preview(plan: number | PlanInput): Promise<Preview> {
    if (typeof plan === "number") return (await this.#get(`/plans/${plan}/preview`)) as Preview;
    return (await this.#post("/plans/preview", plan)) as Preview;
  }

  activatePlan(id: number): Promise<PlanView> {
    return this.#planAction(id, "activate");
  }

  pausePlan(id: number): Promise<PlanView> {
    return this.#planAction(id, "pause");
  }

  resumePlan(id: number): Promise<PlanView> {
    return this.#planAction(id, "resume");
  }

  cancelPlan(id: number): Promise<PlanView> {
    return this.#planAction(id, "cancel");
  }

  stopPlan(id: number): Promise<PlanView> {
    return this.#planAction(id, "stop");
  }

  retryPlan(id: number, request: { readonly tasks?: readonly number[] }): Promise<PlanView> {
    return this.#planAction(id, "retry", request);
  }

  async deletePlan(id: number): Promise<void> {
    await this.#exchange.ask("DELETE", `/plans/${id}`);
  }

  async tasks(
    filter: { readonly planId?: number; readonly device?: DeviceName; readonly state?: TaskStateName },
    page: Page,
  ): Promise<Paged<TaskView>> {
    const { planId, device, state } = filter;
    const query = { plan: planId, product: device?.productId, device: device?.deviceName, state };
    return (await this.#get("/tasks", { ...query, ...page })) as Paged<TaskView>;
  }

  async cancelTask(id: number): Promise<TaskView> {
    return (await this.#post(`/tasks/${id}/cancel`)) as TaskView;
  }

  async events(filter: EventFilter, page: Page): Promise<Paged<EventView>> {
    const { productId, deviceName, planId, taskId, kind } = filter;
    const query = { product: productId, device: deviceName, plan: planId, task: taskId, kind };
    return (await this.#get("/events", { ...query, ...page })) as Paged<EventView>;
  }

  async purgeEvents({ beforeMs, planId }: { readonly beforeMs?: number; readonly planId?: number }): Promise<number> {
    const query = { beforeMs, plan: planId };
    return ((await this.#exchange.ask("DELETE", "/events", { query })) as { readonly removed: number }).removed;
  }

  async audit(page: Page): Promise<Paged<AuditView>> {
    return (await this.#get("/audit", { ...page })) as Paged<AuditView>;
  }

  async tokens(): Promise<readonly TokenView[]> {
    return items(await this.#get("/tokens"));
  }

  async newToken(request: Parameters<Operator["newToken"]>[0]): ReturnType<Operator["newToken"]> {
    return (await this.#post("/tokens", request)) as Awaited<ReturnType<Operator["newToken"]>>;
  }

  async revokeToken(id: number): Promise<void> {
    await this.#exchange.ask("DELETE", `/tokens/${id}`);
  }

  /** The API never says whose a token is. */
  async tokenOf(): Promise<undefined> {
    return undefined;
  }

  async faults(): Promise<readonly FaultRecord[]> {
    return items(await this.#get("/faults"));
  }

  async addFault(fault: unknown): Promise<FaultRecord> {
    return (await this.#post("/faults", fault)) as FaultRecord;
  }

  async clearFaults(id: number | undefined): Promise<number> {
    const path = id === undefined ? "/faults" : `/faults/${id}`;
    return ((await this.#exchange.ask("DELETE", path)) as { readonly removed: number }).removed;
  }

  async signedUrl(request: Parameters<Operator["signedUrl"]>[0]): Promise<string> {
    return ((await this.#post("/url", request)) as { readonly url: string }).url;
  }

  async upgrade(request: UpgradeRequest): ReturnType<Operator["upgrade"]> {
    return (await this.#post("/upgrades", request)) as Awaited<ReturnType<Operator["upgrade"]>>;
  }

  async status(): Promise<CloudStatus> {
    return (await this.#get("/status")) as CloudStatus;
  }

  async health(): Promise<Health> {
    return (await this.#get("/health")) as Health;
  }

  /** @throws Refusal: the API has metrics as text alone, at `/metrics` */
  async metrics(): Promise<readonly Metric[]> {
    throw new Refusal("invalid", `read ${this.#exchange.url}/metrics instead`);
  }

  follow(listener: (change: Change) => void): () => void {
    const stop = followStream({
      exchange: this.#exchange,
      onChange: listener,
      onLost: (line) => this.#options.onLost?.(line),
    });
    const end = (): void => {
      stop();
      this.#streams.delete(end);
    };
    this.#streams.add(end);
    return end;
  }

  async close(): Promise<void> {
    for (const end of this.#streams) end();
  }

  #get(path: string, query: ExchangeRequest["query"] = {}): Promise<unknown> {
    return this.#exchange.ask("GET", path, { query });
  }

  #post(path: string, body: unknown = undefined): Promise<unknown> {
    return this.#exchange.ask("POST", path, body === undefined ? {} : { body });
  }

  async #planAction(id: number, action: string, body?: object): Promise<PlanView> {
    return (await this.#post(`/plans/${id}/${action}`, body)) as PlanView;
  }
}

function items<Item>(answer: unknown): readonly Item[] {
  return (answer as { readonly items: readonly Item[] }).items;
}

function spell({ productId, deviceName }: DeviceName): string {
  return `${productId}/${deviceName}`;
}

function devicePath({ productId, deviceName }: DeviceName): string {
  return `/devices/${encodeURIComponent(productId)}/${encodeURIComponent(deviceName)}`;
}
