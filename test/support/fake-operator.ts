import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import type { FaultRecord } from "../../cloud/faults/fault.js";
import {
  type Actor,
  type AuditView,
  type Change,
  type CloudSettings,
  type DeviceView,
  type EventView,
  type Health,
  type Metric,
  type NewDevice,
  type Operator,
  type Overview,
  type NewVariants,
  type PackageVariantView,
  type PackageView,
  type Page,
  type Paged,
  type PlanInput,
  type PlanStateName,
  type PlanTimeline,
  type PlanView,
  type PreviewPart,
  type ProductView,
  Refusal,
  type Role,
  TASK_STATES,
  type TaskStateName,
  type TaskView,
  type TokenView,
  type VersionHistory,
  type VersionHistoryQuery,
} from "../../cloud/operator/types.js";
import type { CloudStatus, DeviceName } from "../../cloud/types.js";

export const PRODUCT = "ABCDE12345";

/** An operator in memory: enough to see that a request arrives as it was made, and that the answer comes back. */
export class FakeOperator implements Operator {
  readonly productList: ProductView[] = [];
  readonly deviceList: DeviceView[] = [];
  readonly packageList: PackageView[] = [];
  readonly planList: PlanView[] = [];
  readonly taskList: TaskView[] = [];
  readonly eventList: EventView[] = [];
  readonly auditList: AuditView[] = [];
  readonly tokenList: (TokenView & { readonly token: string })[] = [];
  readonly faultList: FaultRecord[] = [];
  readonly uploads: Buffer[] = [];
  readonly listeners = new Set<(change: Change) => void>();
  healthNow: Health = { ok: true, problems: [], startedAt: 1_700_000_000_000, devicesOnline: 1, broker: "own" };
  settingsNow: CloudSettings = { keepEventsDays: 90, leastSavingPercent: 10 };
  #id = 0;

  /** Adds a token of this role. @returns its text */
  token(role: Role, more: Partial<TokenView> = {}): string {
    const token = `token-of-${role}-${this.tokenList.length}`;
    this.tokenList.push({ id: this.#next(), name: `${role} token`, role, createdAt: 1, token, ...more });
    return token;
  }

  /** Stores an event, and then reports it to those who follow. */
  event(event: Partial<EventView> = {}): EventView {
    const whole = { id: this.#next(), at: 1_700_000_000_000, kind: "report", detail: {}, ...event };
    this.eventList.push(whole);
    this.change({ kind: "event", event: whole });
    return whole;
  }

  change(change: Change): void {
    for (const listener of this.listeners) listener(change);
  }

  /** Adds a task of a plan. */
  task(planId: number, task: Partial<TaskView> = {}): TaskView {
    const whole: TaskView = {
      id: this.#next(),
      planId,
      productId: PRODUCT,
      deviceName: "light_01",
      component: "firmware",
      state: "waiting",
      reason: "",
      version: "2.0.0",
      attempt: 1,
      updatedAt: 1_700_000_000_000,
      ...task,
    };
    this.taskList.push(whole);
    return whole;
  }

  changeTask(id: number, change: Partial<TaskView>): TaskView {
    return replace(this.taskList, id, change);
  }

  changePlan(id: number, change: Partial<PlanView>): PlanView {
    const plan = replace(this.planList, id, change);
    this.change({ kind: "plan", planId: id, productId: plan.productId });
    return plan;
  }

  async products() {
    return [...this.productList];
  }

  async setProduct({ productId, ...change }: Parameters<Operator["setProduct"]>[0], actor: Actor) {
    this.#write(actor, "product set", productId);
    const known = this.productList.find((product) => product.productId === productId);
    const product = { productId, name: "", registration: "off" as const, devices: 0, ...known, ...change };
    if (known !== undefined) this.productList.splice(this.productList.indexOf(known), 1);
    this.productList.push(product);
    return { ...product, productSecret: "c2VjcmV0" };
  }

  async devices(filter: Parameters<Operator["devices"]>[0], page: Page) {
    const { productId, text = "", online } = filter;
    return paged(
      this.deviceList.filter(
        (device) =>
          (productId === undefined || device.productId === productId) &&
          device.deviceName.includes(text) &&
          (online === undefined || device.online === online),
      ),
      page,
    );
  }

  async device(name: DeviceName) {
    return this.#device(name);
  }

  async addDevices(devices: readonly NewDevice[], actor: Actor) {
    this.#write(actor, "device add", String(devices.length));
    return devices.map(({ productId, deviceName, deviceSecret, certificate, note = "" }) => {
      const known = this.deviceList.some((device) => isOf(device, { productId, deviceName }));
      if (known) return { productId, deviceName, deviceSecret: "a2VwdA==", added: false };
      this.deviceList.push({
        id: this.#next(),
        productId,
        deviceName,
        versions: {},
        online: false,
        note,
        createdAt: 1_700_000_000_000,
      });
      return {
        productId,
        deviceName,
        added: true,
        ...(certificate === true ? {} : { deviceSecret: deviceSecret ?? "c2VjcmV0" }),
      };
    });
  }

  async addDeviceCount(request: Parameters<Operator["addDeviceCount"]>[0], actor: Actor) {
    const { productId, prefix, count } = request;
    const names = Array.from({ length: count }, (_, index) => ({ productId, deviceName: `${prefix}${index + 1}` }));
    return this.addDevices(names, actor);
  }

  async changeDevice(name: DeviceName, change: object, actor: Actor) {
    this.#write(actor, "device change", name.deviceName);
    return replace(this.deviceList, this.#device(name).id, change);
  }

  async removeDevice(name: DeviceName, actor: Actor) {
    this.#write(actor, "device remove", name.deviceName);
    this.deviceList.splice(this.deviceList.indexOf(this.#device(name)), 1);
  }

  async bind(subDevice: DeviceName, gateway: DeviceName, actor: Actor) {
    this.#write(actor, "device bind", subDevice.deviceName);
    this.#device(gateway);
    replace(this.deviceList, this.#device(subDevice).id, { gateway });
  }

  async unbind(subDevice: DeviceName, actor: Actor) {
    this.#write(actor, "device unbind", subDevice.deviceName);
    const { gateway } = this.#device(subDevice);
    if (gateway === undefined) throw new Refusal("conflict", "it is bound to no gateway");
    return gateway;
  }

  async packages(productId: string | undefined, page: Page) {
    return paged(
      this.packageList.filter((each) => productId === undefined || each.productId === productId),
      page,
    );
  }

  async package(id: number) {
    return found(this.packageList, id, "package");
  }

  async addPackage(request: Parameters<Operator["addPackage"]>[0], content: Readable, actor: Actor) {
    const chunks: Buffer[] = [];
    for await (const chunk of content) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    this.uploads.push(bytes);
    this.#write(actor, "package add", request.version);
    const { productId, version, component = "firmware", kind = "module", name = "", remark = "" } = request;
    const { fileName, requirements } = request;
    const view: PackageView = {
      id: this.#next(),
      productId,
      version,
      component,
      kind,
      form: requirements?.sourceVersion === undefined ? "full" : "delta",
      name,
      remark,
      ...(requirements === undefined ? {} : { requirements }),
      state: "uploaded",
      files: [{ name: fileName, size: bytes.byteLength, md5: hash("md5", bytes), sha256: hash("sha256", bytes) }],
      variants: [],
      createdAt: 1_700_000_000_000,
    };
    this.packageList.push(view);
    return view;
  }

  async addPackageFile(id: number, { fileName }: { readonly fileName: string }, content: Readable, actor: Actor) {
    const chunks: Buffer[] = [];
    for await (const chunk of content) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    this.uploads.push(bytes);
    this.#write(actor, "package add-file", String(id));
    const file = { name: fileName, size: bytes.byteLength, md5: hash("md5", bytes), sha256: hash("sha256", bytes) };
    return replace(this.packageList, id, { files: [...found(this.packageList, id, "package").files, file] });
  }

  async addVariants(id: number, { deltaFrom = [], compressed = false }: NewVariants, actor: Actor) {
    this.#write(actor, "package variants add", String(id));
    const { variants } = found(this.packageList, id, "package");
    const made = { state: "queued", percent: 0, createdAt: 1_700_000_000_000 } as const;
    const added: PackageVariantView[] = [
      ...deltaFrom.map((sourceVersion) => ({ ...made, id: this.#next(), form: "delta" as const, sourceVersion })),
      ...(compressed ? [{ ...made, id: this.#next(), form: "compressed" as const }] : []),
    ];
    return replace(this.packageList, id, { variants: [...variants, ...added] });
  }

  async removeVariant(id: number, variantId: number, actor: Actor) {
    this.#write(actor, "package variant remove", String(variantId));
    const { variants } = found(this.packageList, id, "package");
    found([...variants], variantId, "variant");
    return replace(this.packageList, id, { variants: variants.filter((each) => each.id !== variantId) });
  }

  async withdrawPackage(id: number, actor: Actor) {
    this.#write(actor, "package withdraw", String(id));
    return replace(this.packageList, id, { state: "withdrawn" });
  }

  async secretsIn(id: number) {
    found(this.packageList, id, "package");
    return [{ productId: PRODUCT, deviceName: "" }];
  }

  async verify(request: Parameters<Operator["verify"]>[0], actor: Actor) {
    this.#write(actor, "verify", request.version);
    const plan = this.#plan({ name: `verify ${request.version}` }, "verification");
    this.task(plan.id, { deviceName: request.deviceName, version: request.version });
    return plan;
  }

  async createPlan(plan: PlanInput, actor: Actor) {
    if (typeof plan["name"] !== "string") {
      throw new Refusal("invalid", "name: a text", [{ field: "name", message: "a text" }]);
    }
    this.#write(actor, "plan create", plan["name"]);
    return this.#plan(plan, "update");
  }

  async plans(filter: { readonly productId?: string; readonly state?: PlanStateName }, page: Page) {
    return paged(
      this.planList.filter(({ state }) => filter.state === undefined || state === filter.state),
      page,
    );
  }

  async plan(id: number) {
    return found(this.planList, id, "plan");
  }

  async editPlan(id: number, plan: PlanInput, actor: Actor) {
    const { state } = found(this.planList, id, "plan");
    if (state !== "draft") throw new Refusal("conflict", `plan ${id} is ${state}: create another one`);
    this.#write(actor, "plan edit", String(id));
    return this.changePlan(id, { settings: plan, name: String(plan["name"]) });
  }

  async preview(plan: number | PlanInput, { limit = 1000, reason }: PreviewPart = {}) {
    if (typeof plan === "number") found(this.planList, plan, "plan");
    const left = ["runs-target", "denied"].map((why, index) => ({
      productId: PRODUCT,
      deviceName: `light_0${index + 2}`,
      reason: why,
    }));
    return {
      matches: [{ productId: PRODUCT, deviceName: "light_01" }].slice(0, limit),
      left: left.filter((each) => reason === undefined || each.reason === reason).slice(0, limit),
      counts: { matches: 1, left: 2, byReason: { "runs-target": 1, denied: 1 } },
    };
  }

  activatePlan(id: number, actor: Actor) {
    return this.#move(id, "active", actor);
  }

  pausePlan(id: number, actor: Actor) {
    return this.#move(id, "paused", actor);
  }

  resumePlan(id: number, actor: Actor) {
    return this.#move(id, "active", actor);
  }

  cancelPlan(id: number, actor: Actor) {
    return this.#move(id, "cancelled", actor);
  }

  stopPlan(id: number, actor: Actor) {
    return this.#move(id, "halted", actor);
  }

  async retryPlan(id: number, request: { readonly tasks?: readonly number[] }, actor: Actor) {
    this.#write(actor, "plan retry", String(request.tasks ?? "all"));
    return found(this.planList, id, "plan");
  }

  async deletePlan(id: number, actor: Actor) {
    const plan = found(this.planList, id, "plan");
    if (plan.state !== "draft") throw new Refusal("conflict", `plan ${id} is ${plan.state}: cancel it instead`);
    this.#write(actor, "plan delete", String(id));
    this.planList.splice(this.planList.indexOf(plan), 1);
  }

  async tasks(filter: Parameters<Operator["tasks"]>[0], page: Page) {
    const { planId, device, state, reason } = filter;
    return paged(
      this.taskList.filter(
        (task) =>
          (planId === undefined || task.planId === planId) &&
          (device === undefined || isOf(task, device)) &&
          (reason === undefined || task.reason === reason) &&
          (state === undefined || task.state === state),
      ),
      page,
    );
  }

  async planReasons(id: number) {
    found(this.planList, id, "plan");
    return this.taskList
      .filter(({ planId }) => planId === id)
      .map(({ state, reason }) => ({ state, reason, tasks: 1 }));
  }

  async cancelTask(id: number, actor: Actor) {
    this.#write(actor, "task cancel", String(id));
    return replace(this.taskList, id, { state: "cancelled" as TaskStateName });
  }

  async events(filter: Parameters<Operator["events"]>[0], page: Page) {
    const { productId, deviceName, planId, taskId, kind } = filter;
    return paged(
      this.eventList.filter(
        (event) =>
          (productId === undefined || event.device?.productId === productId) &&
          (deviceName === undefined || event.device?.deviceName === deviceName) &&
          (planId === undefined || event.planId === planId) &&
          (taskId === undefined || event.taskId === taskId) &&
          (kind === undefined || event.kind === kind),
      ),
      page,
    );
  }

  async purgeEvents(request: { readonly beforeMs?: number; readonly planId?: number }, actor: Actor) {
    this.#write(actor, "events purge", JSON.stringify(request));
    return this.eventList.splice(0).length;
  }

  async audit(page: Page) {
    return paged(this.auditList, page);
  }

  async tokens() {
    return this.tokenList.map(({ token: _token, ...view }) => view);
  }

  async newToken(request: Parameters<Operator["newToken"]>[0], actor: Actor) {
    this.#write(actor, "token new", request.name);
    const token = { id: this.#next(), createdAt: 1_700_000_000_000, token: `made-${this.#id}`, ...request };
    this.tokenList.push(token);
    return token;
  }

  async revokeToken(id: number, actor: Actor) {
    this.#write(actor, "token revoke", String(id));
    replace(this.tokenList, id, { revokedAt: 1_700_000_000_000 });
  }

  async tokenOf(text: string) {
    const known = this.tokenList.find(({ token, revokedAt }) => token === text && revokedAt === undefined);
    if (known === undefined) return undefined;
    const { token: _token, ...view } = known;
    return view;
  }

  async faults() {
    return [...this.faultList];
  }

  async addFault(fault: unknown, actor: Actor) {
    this.#write(actor, "fault add", "");
    const spec = fault as FaultRecord["spec"];
    if (typeof spec.fault !== "string") throw new Refusal("invalid", "fault is missing");
    const record = { id: this.#next(), spec, struck: 0 };
    this.faultList.push(record);
    return record;
  }

  async clearFaults(id: number | undefined, actor: Actor) {
    this.#write(actor, "fault clear", String(id ?? "all"));
    const cleared = this.faultList.filter((fault) => id === undefined || fault.id === id);
    for (const fault of cleared) this.faultList.splice(this.faultList.indexOf(fault), 1);
    return cleared.length;
  }

  async signedUrl() {
    return "http://127.0.0.1:8080/ABCDE12345/2.0.0?sign=1";
  }

  async upgrade({ version, selection }: Parameters<Operator["upgrade"]>[0], actor: Actor) {
    this.#write(actor, "upgrade", version);
    const plan = this.#plan({ name: `upgrade to ${version}` }, "update");
    const names = selection.kind === "versions" ? [] : selection.deviceNames;
    for (const deviceName of names) this.task(plan.id, { deviceName, version });
    const online = this.deviceList.filter((device) => names.includes(device.deviceName) && device.online);
    return { planId: plan.id, devices: names.length, online: online.length, byReason: {} };
  }

  async status(): Promise<CloudStatus> {
    return {
      devices: this.deviceList.map(({ productId, deviceName, online, gateway, lastSeenAt }) => ({
        productId,
        deviceName,
        online,
        ...(gateway === undefined ? {} : { gateway }),
        ...(lastSeenAt === undefined ? {} : { lastSeenAt }),
      })),
      firmwares: this.packageList.map(({ id, productId, version, files, requirements }) => ({
        id,
        productId,
        version,
        size: files[0]?.size ?? 0,
        md5: files[0]?.md5 ?? "",
        ...(requirements === undefined ? {} : { manifest: requirements }),
      })),
    };
  }

  async overview({ productId }: { readonly productId?: string }): Promise<Overview> {
    const [plan] = this.planList;
    return {
      at: 1_700_000_000_000,
      devices: this.deviceList.length,
      online: 0,
      versions: [{ component: productId ?? "firmware", version: "2.0.0", devices: 1 }],
      packages: { uploaded: 1, verifying: 0, verified: 2, rejected: 0, withdrawn: 0 },
      plans: [...this.planList],
      failures: plan === undefined ? [] : [{ planId: plan.id, state: "silent", reason: "offered", tasks: 1 }],
      attention: [
        { kind: "problem", code: "broker", message: "the broker is lost" },
        ...(plan === undefined ? [] : [{ kind: "plan-silent" as const, planId: plan.id, count: 1 }]),
      ],
    };
  }

  async versionHistory(query: VersionHistoryQuery): Promise<VersionHistory> {
    const { from = 1_700_000_000_000, to = 1_700_000_060_000, component = "firmware" } = query;
    if (from >= to) throw new Refusal("invalid", "from must be before to");
    const devices = { [component]: query.points ?? 200 };
    return { from, to, versions: [component], points: [{ at: from, online: 1, devices }] };
  }

  async planTimeline(id: number, { points = 200 }: { readonly points?: number } = {}): Promise<PlanTimeline> {
    const { counts, createdAt } = found(this.planList, id, "plan");
    return { points: [{ at: createdAt, counts: { ...counts, waiting: points } }] };
  }

  async settings() {
    return this.settingsNow;
  }

  async changeSettings(change: Partial<CloudSettings>, actor: Actor) {
    this.#write(actor, "settings change", JSON.stringify(change));
    this.settingsNow = { ...this.settingsNow, ...change };
    return this.settingsNow;
  }

  async health() {
    return this.healthNow;
  }

  async metrics(): Promise<readonly Metric[]> {
    return [
      {
        name: "devices",
        help: "Devices that are known.",
        type: "gauge",
        values: [{ labels: { product: PRODUCT }, value: this.deviceList.length }],
      },
    ];
  }

  follow(listener: (change: Change) => void) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  #next(): number {
    return ++this.#id;
  }

  #device(name: DeviceName): DeviceView {
    const device = this.deviceList.find((each) => isOf(each, name));
    if (device === undefined) throw new Refusal("not-found", `there is no device ${name.productId}/${name.deviceName}`);
    return device;
  }

  #plan(settings: PlanInput, purpose: PlanView["purpose"]): PlanView {
    const plan: PlanView = {
      id: this.#next(),
      name: String(settings["name"]),
      productId: PRODUCT,
      purpose,
      state: purpose === "update" ? "draft" : "active",
      reason: "",
      counts: Object.fromEntries(TASK_STATES.map((state) => [state, 0])) as PlanView["counts"],
      settings,
      createdAt: 1_700_000_000_000,
    };
    this.planList.push(plan);
    return plan;
  }

  async #move(id: number, state: PlanStateName, actor: Actor): Promise<PlanView> {
    found(this.planList, id, "plan");
    this.#write(actor, `plan ${state}`, String(id));
    return this.changePlan(id, { state });
  }

  #write({ name, origin }: Actor, action: string, subject: string): void {
    this.auditList.push({ id: this.#next(), at: 1, actor: name, origin, action, subject, detail: {} });
  }
}

function paged<Item extends { readonly id: number }>(all: readonly Item[], page: Page): Paged<Item> {
  const { after, limit = 100, order = "oldest" } = page;
  const ordered = order === "oldest" ? all : all.toReversed();
  const rest = ordered.filter(({ id }) => after === undefined || (order === "oldest" ? id > after : id < after));
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  return rest.length > items.length && last !== undefined ? { items, next: last.id } : { items };
}

function found<Item extends { readonly id: number }>(all: readonly Item[], id: number, what: string): Item {
  const item = all.find((each) => each.id === id);
  if (item === undefined) throw new Refusal("not-found", `there is no ${what} ${id}`);
  return item;
}

function replace<Item extends { readonly id: number }>(all: Item[], id: number, change: Partial<Item>): Item {
  const old = found(all, id, "entry");
  const item = { ...old, ...change };
  all.splice(all.indexOf(old), 1, item);
  return item;
}

function isOf(one: DeviceName, other: DeviceName): boolean {
  return one.productId === other.productId && one.deviceName === other.deviceName;
}

function hash(algorithm: string, bytes: Buffer): string {
  return createHash(algorithm).update(bytes).digest("hex");
}
