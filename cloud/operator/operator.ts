import type { Readable } from "node:stream";
import type { FaultRecord } from "../faults/fault.js";
import type { DeviceName } from "../types.js";
import type { OperatorContext } from "./context.js";
import { DeviceRequests } from "./devices.js";
import { addFault, clearFaults, knownFaults } from "./faults.js";
import { type Condition, healthOf, metricsOf } from "./health.js";
import { planTimeline, versionHistory } from "./history.js";
import { overviewOf } from "./overview.js";
import { PackageRequests } from "./packages.js";
import { PlanRequests } from "./plans.js";
import { ProductRequests } from "./products.js";
import { RecordRequests } from "./records.js";
import { changeSettings, settingsOf } from "./settings.js";
import { StatusRequest } from "./status.js";
import { TaskRequests } from "./tasks.js";
import type {
  Actor,
  Change,
  DeviceFilter,
  EventFilter,
  Health,
  Metric,
  NewDevice,
  NewPackage,
  NewVariants,
  Operator,
  PackageView,
  Page,
  PlanInput,
  PlanStateName,
  PlanView,
  PreviewPart,
  ProductChange,
  Role,
  TaskFilter,
  VersionHistoryQuery,
} from "./types.js";
import { beginUpgrade } from "./upgrades.js";
import { signedUrlOf } from "./urls.js";
import { addVariants, removeVariant } from "./variants.js";
import { beginVerification } from "./verifications.js";

/** The requests of an operator, carried out on the state of this cloud. */
export class FleetOperator implements Operator {
  readonly #context: OperatorContext;
  readonly #condition: Condition;
  readonly #products: ProductRequests;
  readonly #devices: DeviceRequests;
  readonly #packages: PackageRequests;
  readonly #tasks: TaskRequests;
  readonly #records: RecordRequests;
  readonly #status: StatusRequest;
  readonly #onClose: (() => Promise<void>) | undefined;
  readonly plansAsked: PlanRequests;

  /** @param onClose releases the state, if it was opened for this operator alone */
  constructor(context: OperatorContext, condition: Condition, onClose?: () => Promise<void>) {
    this.#context = context;
    this.#onClose = onClose;
    this.#condition = condition;
    this.#products = new ProductRequests(context);
    this.#devices = new DeviceRequests(context);
    this.#packages = new PackageRequests(context);
    this.#tasks = new TaskRequests(context);
    this.#records = new RecordRequests(context);
    this.#status = new StatusRequest(context);
    this.plansAsked = new PlanRequests(context);
  }

  get context(): OperatorContext {
    return this.#context;
  }

  status() {
    return this.#status.get();
  }

  upgrade(request: Parameters<Operator["upgrade"]>[0], actor: Actor) {
    return beginUpgrade(this, request, actor);
  }

  products() {
    return this.#products.list();
  }

  setProduct(change: ProductChange, actor: Actor) {
    return this.#products.set(change, actor);
  }

  devices(filter: DeviceFilter, page: Page) {
    return this.#devices.list(filter, page);
  }

  device(name: DeviceName) {
    return this.#devices.get(name);
  }

  addDevices(devices: readonly NewDevice[], actor: Actor) {
    return this.#devices.add(devices, actor);
  }

  addDeviceCount(request: Parameters<Operator["addDeviceCount"]>[0], actor: Actor) {
    return this.#devices.addCount(request, actor);
  }

  changeDevice(name: DeviceName, change: Parameters<Operator["changeDevice"]>[1], actor: Actor) {
    return this.#devices.change(name, change, actor);
  }

  removeDevice(name: DeviceName, actor: Actor) {
    return this.#devices.remove(name, actor);
  }

  bind(subDevice: DeviceName, gateway: DeviceName, actor: Actor) {
    return this.#devices.bind(subDevice, gateway, actor);
  }

  unbind(subDevice: DeviceName, actor: Actor) {
    return this.#devices.unbind(subDevice, actor);
  }

  packages(productId: string | undefined, page: Page) {
    return this.#packages.list(productId, page);
  }

  package(id: number) {
    return this.#packages.get(id);
  }

  addPackage(request: NewPackage, content: Readable, actor: Actor) {
    return this.#packages.add(request, content, actor);
  }

  addPackageFile(id: number, request: { readonly fileName: string }, content: Readable, actor: Actor) {
    return this.#packages.addFile(id, request.fileName, content, actor);
  }

  async addVariants(id: number, wanted: NewVariants, actor: Actor): Promise<PackageView> {
    await addVariants(this.#context, id, wanted, actor);
    return this.#packages.get(id);
  }

  async removeVariant(id: number, variantId: number, actor: Actor): Promise<PackageView> {
    await removeVariant(this.#context, id, variantId, actor);
    return this.#packages.get(id);
  }

  withdrawPackage(id: number, actor: Actor) {
    return this.#packages.withdraw(id, actor);
  }

  secretsIn(id: number) {
    return this.#packages.secretsIn(id);
  }

  verify(request: Parameters<Operator["verify"]>[0], actor: Actor) {
    return beginVerification(this.#context, request, actor);
  }

  createPlan(plan: PlanInput, actor: Actor) {
    return this.plansAsked.create(plan, actor);
  }

  editPlan(id: number, plan: PlanInput, actor: Actor) {
    return this.plansAsked.edit(id, plan, actor);
  }

  plans(filter: { readonly productId?: string; readonly state?: PlanStateName }, page: Page) {
    return this.plansAsked.list(filter, page);
  }

  plan(id: number) {
    return this.plansAsked.get(id);
  }

  preview(plan: number | PlanInput, part: PreviewPart = {}) {
    return this.plansAsked.preview(plan, part);
  }

  activatePlan(id: number, actor: Actor) {
    return this.plansAsked.activate(id, actor);
  }

  pausePlan(id: number, actor: Actor) {
    return this.plansAsked.pause(id, actor);
  }

  resumePlan(id: number, actor: Actor) {
    return this.plansAsked.resume(id, actor);
  }

  cancelPlan(id: number, actor: Actor) {
    return this.plansAsked.cancel(id, actor);
  }

  stopPlan(id: number, actor: Actor) {
    return this.plansAsked.stop(id, actor);
  }

  async retryPlan(id: number, { tasks }: { readonly tasks?: readonly number[] }, actor: Actor): Promise<PlanView> {
    if (tasks === undefined) return this.plansAsked.retry(id, actor);
    await this.#tasks.retry(id, tasks, actor);
    return this.plansAsked.get(id);
  }

  deletePlan(id: number, actor: Actor) {
    return this.plansAsked.remove(id, actor);
  }

  tasks(filter: TaskFilter, page: Page) {
    return this.#tasks.list(filter, page);
  }

  planReasons(id: number) {
    return this.#tasks.reasons(id);
  }

  cancelTask(id: number, actor: Actor) {
    return this.#tasks.cancel(id, actor);
  }

  events(filter: EventFilter, page: Page) {
    return this.#records.events(filter, page);
  }

  purgeEvents(request: { readonly beforeMs?: number; readonly planId?: number }, actor: Actor) {
    return this.#records.purge(request, actor);
  }

  audit(page: Page) {
    return this.#records.audit(page);
  }

  tokens() {
    return this.#records.tokens();
  }

  newToken(request: { readonly name: string; readonly role: Role; readonly expiresAt?: number }, actor: Actor) {
    return this.#records.newToken(request, actor);
  }

  revokeToken(id: number, actor: Actor) {
    return this.#records.revokeToken(id, actor);
  }

  tokenOf(token: string) {
    return this.#records.tokenOf(token);
  }

  async faults(): Promise<readonly FaultRecord[]> {
    return knownFaults(this.#context);
  }

  addFault(fault: unknown, actor: Actor) {
    return addFault(this.#context, fault, actor);
  }

  clearFaults(id: number | undefined, actor: Actor) {
    return clearFaults(this.#context, id, actor);
  }

  signedUrl(request: Parameters<Operator["signedUrl"]>[0]) {
    return signedUrlOf(this.#context, request);
  }

  overview(filter: { readonly productId?: string }) {
    return overviewOf(this.#context, this.#condition, filter);
  }

  versionHistory(query: VersionHistoryQuery) {
    return versionHistory(this.#context, query);
  }

  planTimeline(id: number, query?: { readonly points?: number }) {
    return planTimeline(this.#context, id, query);
  }

  settings() {
    return settingsOf(this.#context);
  }

  changeSettings(change: Parameters<Operator["changeSettings"]>[0], actor: Actor) {
    return changeSettings(this.#context, change, actor);
  }

  async health(): Promise<Health> {
    return healthOf(this.#context, this.#condition);
  }

  metrics(): Promise<readonly Metric[]> {
    return metricsOf(this.#context, this.#condition);
  }

  async close(): Promise<void> {
    await this.#onClose?.();
  }

  follow(listener: (change: Change) => void): () => void {
    return this.#context.follow(listener);
  }
}
