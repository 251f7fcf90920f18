import type { Readable } from "node:stream";
import { parseFault } from "../faults/parse.js";
import type { FaultList } from "../faults/fault-list.js";
import type { FaultRecord } from "../faults/fault.js";
import { match, matcherOf, type MatchReason } from "../fleet/matching.js";
import { OWN_FIRMWARE } from "../fleet/types.js";
import { fleetDevice, fleetPackage } from "../rollout/fleet-facts.js";
import type { Device, Package, Product } from "../store/schema.js";
import type { Tables } from "../store/tables/tables.js";
import { CloudError, type DeviceName } from "../types.js";
import { audit, type OperatorContext, productOf, spell } from "./context.js";
import { DeviceRequests, mustExist } from "./devices.js";
import { type Condition, healthOf, metricsOf } from "./health.js";
import { PackageRequests } from "./packages.js";
import { PlanRequests } from "./plans.js";
import { planView } from "./plan-views.js";
import { ProductRequests } from "./products.js";
import { RecordRequests } from "./records.js";
import { StatusRequest } from "./status.js";
import { TaskRequests } from "./tasks.js";
import {
  type Actor,
  type Change,
  type DeviceFilter,
  type EventFilter,
  type Health,
  type Metric,
  type NewDevice,
  type NewPackage,
  type Operator,
  type Page,
  type PlanInput,
  type PlanStateName,
  type PlanView,
  type ProductChange,
  Refusal,
  type RefusalCode,
  type Role,
  type TaskStateName,
} from "./types.js";
import { beginUpgrade } from "./upgrades.js";
import { signedUrlOf } from "./urls.js";

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

  withdrawPackage(id: number, actor: Actor) {
    return this.#packages.withdraw(id, actor);
  }

  secretsIn(id: number) {
    return this.#packages.secretsIn(id);
  }

  async verify(
    { productId, component = OWN_FIRMWARE, version, deviceName }: Parameters<Operator["verify"]>[0],
    actor: Actor,
  ): Promise<PlanView> {
    const { transactions, rollout } = this.#context;
    const planId = await transactions.run(async (work) => {
      const product = await productOf(work.tables, productId);
      const found = (await work.tables.packages.byVersion(product.id, version)).find(
        (one) => one.component === component,
      );
      if (found === undefined) {
        throw new Refusal("not-found", `product ${productId} has no package ${component} ${version}: add it first`);
      }
      const device = await mustExist(work.tables, { productId, deviceName });
      const misfit = await misfitOf(work.tables, product, found, device.row);
      if (misfit !== undefined) {
        throw new Refusal(
          "conflict",
          `${deviceName} would not get the package (${misfit}): verify it on another device`,
        );
      }
      const { answer } = await rollout.packages.dispatch(work, found, { type: "verification-commanded", deviceName });
      if (answer.kind === "refused") {
        throw new Refusal("conflict", `the package cannot be verified now: ${answer.because.replace(/-/g, " ")}`);
      }
      await audit(work, actor, "package-verify", String(found.id), { device: spell({ productId, deviceName }) });
      const [plan] = (await work.tables.packages.usedBy(found.id)).slice(-1);
      return plan?.id ?? 0;
    });
    await rollout.idle();
    const plan = await transactions.tables.plans.byId(planId);
    if (plan === undefined) throw new Refusal("not-found", `there is no plan ${planId}`);
    return planView(transactions.tables, plan);
  }

  createPlan(plan: PlanInput, actor: Actor) {
    return this.plansAsked.create(plan, actor);
  }

  plans(filter: { readonly productId?: string; readonly state?: PlanStateName }, page: Page) {
    return this.plansAsked.list(filter, page);
  }

  plan(id: number) {
    return this.plansAsked.get(id);
  }

  preview(plan: number | PlanInput) {
    return this.plansAsked.preview(plan);
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

  tasks(
    filter: { readonly planId?: number; readonly device?: DeviceName; readonly state?: TaskStateName },
    page: Page,
  ) {
    return this.#tasks.list(filter, page);
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
    return this.#faults().list();
  }

  async addFault(fault: unknown, actor: Actor): Promise<FaultRecord> {
    const record = refusing("invalid", () => this.#faults().add(parseFault(fault)));
    await this.#context.transactions.run((work) => audit(work, actor, "fault-add", String(record.id)));
    return record;
  }

  async clearFaults(id: number | undefined, actor: Actor): Promise<number> {
    const count = refusing("not-found", () => this.#faults().clear(id));
    await this.#context.transactions.run((work) =>
      audit(work, actor, "fault-clear", id === undefined ? "" : String(id)),
    );
    return count;
  }

  signedUrl(request: Parameters<Operator["signedUrl"]>[0]) {
    return signedUrlOf(this.#context, request);
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
    return this.#context.rollout.journal.follow(listener);
  }

  #faults(): FaultList {
    const { faults } = this.#context;
    if (faults !== undefined) return faults;
    throw new Refusal(
      "not-running",
      "no cloud runs on this folder, so there are no faults: start it, or give serve --faults",
    );
  }
}

/** The faults know one kind of error; an operator's request has a code. */
function refusing<Result>(code: RefusalCode, ask: () => Result): Result {
  try {
    return ask();
  } catch (error) {
    if (error instanceof CloudError) throw new Refusal(code, error.message);
    throw error;
  }
}

/** @returns why a device would get no task for a package; `undefined` if it would get one */
async function misfitOf(
  tables: Tables,
  product: Product,
  found: Package,
  device: Device,
): Promise<MatchReason | undefined> {
  const { component, version } = found;
  const { productId } = product;
  const plan = { productId, selection: { deny: [] }, packages: [{ component, version }] };
  const facts = fleetDevice(product, device, await tables.components.of(device.id));
  const result = match(matcherOf(plan, [fleetPackage(product, found)]), facts, []);
  return result.matches ? undefined : result.reason;
}
