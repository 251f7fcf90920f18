import type { Readable } from "node:stream";
import type { FaultRecord } from "../faults/fault.js";
import type { CloudStatus, DeviceName, FirmwareManifest, ProductRecord, UpgradeRequest } from "../types.js";

/** Who makes a request, for the audit. */
export interface Actor {
  /** Name of the token, or of the command. */
  readonly name: string;
  /** Address that the request came from; `local` for a command that opened the state itself. */
  readonly origin: string;
}

/** Part of a list, in the order of its ids. */
export interface Page {
  /** The last id of the page before. */
  readonly after?: number;
  /** Most entries. At most 1,000; default 100. */
  readonly limit?: number;
}

export interface Paged<T> {
  readonly items: readonly T[];
  /** `after` of the next page; absent on the last page. */
  readonly next?: number;
}

export interface ProductView extends Omit<ProductRecord, "productSecret"> {
  readonly name: string;
  /** Chip of the product's boards, as in the ESP32 image; absent if any is accepted. */
  readonly chip?: string;
  readonly timeZone?: string;
  readonly devices: number;
}

export interface ProductChange {
  readonly productId: string;
  readonly name?: string;
  readonly chip?: string;
  readonly timeZone?: string;
  readonly registration?: ProductRecord["registration"];
  readonly deviceLimit?: number;
}

export interface DeviceView extends DeviceName {
  readonly id: number;
  /** Version of each component; `firmware` is that of the agent. */
  readonly versions: { readonly [component: string]: string };
  readonly online: boolean;
  readonly gateway?: DeviceName;
  readonly timeZone?: string;
  readonly language?: string;
  readonly note: string;
  readonly createdAt: number;
  /** Time of the last message, in milliseconds since 1970; absent if there was none. */
  readonly lastSeenAt?: number;
}

export interface DeviceFilter {
  readonly productId?: string;
  /** A part of the name. */
  readonly text?: string;
  readonly component?: string;
  readonly version?: string;
  readonly gateway?: DeviceName;
  readonly online?: boolean;
}

export interface NewDevice extends DeviceName {
  /** In base64. Absent: one is made, unless `certificate` is true. */
  readonly deviceSecret?: string;
  readonly certificate?: boolean;
  readonly note?: string;
}

export type PackageState = "uploaded" | "verifying" | "verified" | "rejected" | "withdrawn";

export interface PackageView {
  readonly id: number;
  readonly productId: string;
  readonly component: string;
  readonly version: string;
  readonly kind: "module" | "mcu";
  readonly form: "full" | "delta";
  readonly sourceVersion?: string;
  readonly name: string;
  readonly remark: string;
  readonly state: PackageState;
  readonly stateReason?: string;
  readonly chip?: string;
  /** Name of the project in the image's descriptor. */
  readonly project?: string;
  readonly requirements?: FirmwareManifest;
  readonly files: readonly {
    readonly name: string;
    readonly size: number;
    readonly md5: string;
    readonly sha256: string;
  }[];
  readonly createdAt: number;
}

export interface NewPackage {
  readonly productId: string;
  readonly version: string;
  /** Default: `firmware`, or what the requirements name. */
  readonly component?: string;
  readonly kind?: "module" | "mcu";
  readonly name?: string;
  readonly remark?: string;
  readonly requirements?: FirmwareManifest;
  /** Name of the file, whose ending must be one of the formats. */
  readonly fileName: string;
  /** Bytes of the content, if they are known before it is read. Over the API they must be. */
  readonly size?: number;
  /** Replaces the files of the same package if no plan has used it. Without it a second upload is refused. */
  readonly replace?: boolean;
}

/** plan.json of `ota-cloud plan create`. */
export type PlanInput = { readonly [key: string]: unknown };

export const TASK_STATES = [
  "waiting",
  "offered",
  "asked",
  "downloading",
  "burning",
  "trial",
  "succeeded",
  "failed",
  "declined",
  "silent",
  "cancelled",
  "superseded",
] as const;
export type TaskStateName = (typeof TASK_STATES)[number];

export type PlanStateName = "draft" | "active" | "paused" | "halted" | "finished" | "cancelled";

export interface PlanView {
  readonly id: number;
  readonly name: string;
  readonly productId: string;
  readonly purpose: "update" | "verification";
  readonly state: PlanStateName;
  /** Why it is in this state; empty if that needs no reason. */
  readonly reason: string;
  readonly counts: { readonly [state in TaskStateName]: number };
  /** The settings with their defaults, as plan.json has them. */
  readonly settings: PlanInput;
  readonly createdAt: number;
  readonly activatedAt?: number;
  readonly endedAt?: number;
}

export interface TaskView extends DeviceName {
  readonly id: number;
  readonly planId: number;
  readonly component: string;
  readonly state: TaskStateName;
  /** For a waiting task computed when it is read: why it waits now. */
  readonly reason: string;
  readonly version: string;
  readonly percent?: number;
  readonly attempt: number;
  readonly resultCode?: string;
  readonly resultMessage?: string;
  readonly deadlineAt?: number;
  readonly nextTryAt?: number;
  readonly updatedAt: number;
}

export interface Preview {
  readonly matches: readonly DeviceName[];
  readonly left: readonly (DeviceName & { readonly reason: string })[];
}

export interface EventView {
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly kind: string;
  readonly device?: DeviceName;
  readonly planId?: number;
  readonly taskId?: number;
  readonly detail: { readonly [key: string]: unknown };
}

export interface EventFilter {
  readonly productId?: string;
  readonly deviceName?: string;
  readonly planId?: number;
  readonly taskId?: number;
  readonly kind?: string;
}

export interface AuditView {
  readonly id: number;
  readonly at: number;
  readonly actor: string;
  readonly origin: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: { readonly [key: string]: unknown };
}

export const ROLES = ["viewer", "operator", "admin"] as const;
export type Role = (typeof ROLES)[number];

export interface TokenView {
  readonly id: number;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: number;
  readonly expiresAt?: number;
  readonly lastUsedAt?: number;
  readonly revokedAt?: number;
}

export interface Health {
  readonly ok: boolean;
  /** What is wrong, one sentence each, with what to do next. */
  readonly problems: readonly { readonly code: string; readonly message: string; readonly sinceMs: number }[];
  readonly startedAt: number;
  readonly devicesOnline: number;
  readonly broker: "own" | "connected" | "disconnected";
}

/**
 * What an operator can ask of the cloud. The API, the commands and the page all use this; each change is written to the
 * audit. A refusal is a `Refusal`.
 */
export interface Operator {
  products(): Promise<readonly ProductView[]>;
  /**
   * Adds a product, or changes it.
   *
   * @returns its secret for dynamic registration too, which is made at the first time
   */
  setProduct(change: ProductChange, actor: Actor): Promise<ProductView & { readonly productSecret: string }>;

  devices(filter: DeviceFilter, page: Page): Promise<Paged<DeviceView>>;
  device(name: DeviceName): Promise<DeviceView>;
  /**
   * @returns the secrets, in the order of the request: they are shown this once. A device that is known
   * keeps its own.
   */
  addDevices(
    devices: readonly NewDevice[],
    actor: Actor,
  ): Promise<readonly (DeviceName & { readonly deviceSecret?: string; readonly added: boolean })[]>;
  /** Adds `count` devices whose names are `prefix` and a number. */
  addDeviceCount(
    request: { readonly productId: string; readonly prefix: string; readonly count: number },
    actor: Actor,
  ): Promise<readonly (DeviceName & { readonly deviceSecret: string })[]>;
  changeDevice(
    name: DeviceName,
    change: { readonly note?: string; readonly timeZone?: string; readonly language?: string },
    actor: Actor,
  ): Promise<DeviceView>;
  removeDevice(name: DeviceName, actor: Actor): Promise<void>;
  bind(subDevice: DeviceName, gateway: DeviceName, actor: Actor): Promise<void>;
  /** @returns the gateway that it was bound to */
  unbind(subDevice: DeviceName, actor: Actor): Promise<DeviceName>;

  packages(productId: string | undefined, page: Page): Promise<Paged<PackageView>>;
  package(id: number): Promise<PackageView>;
  /** @param content the file, read once as a stream; at most 100 MB */
  addPackage(request: NewPackage, content: Readable, actor: Actor): Promise<PackageView>;
  /**
   * Adds a further file to a package, up to five. A plan takes one file for each component: a package with more files
   * than that cannot be activated.
   */
  addPackageFile(
    id: number,
    request: { readonly fileName: string; readonly size?: number },
    content: Readable,
    actor: Actor,
  ): Promise<PackageView>;
  withdrawPackage(id: number, actor: Actor): Promise<PackageView>;
  /** @returns the devices, and products by an empty name, whose secret is in the package's files */
  secretsIn(id: number): Promise<readonly DeviceName[]>;
  /** Starts the verification on one device. @returns its plan, whose only task has the result */
  verify(
    request: {
      readonly productId: string;
      readonly component?: string;
      readonly version: string;
      readonly deviceName: string;
    },
    actor: Actor,
  ): Promise<PlanView>;

  createPlan(plan: PlanInput, actor: Actor): Promise<PlanView>;
  plans(filter: { readonly productId?: string; readonly state?: PlanStateName }, page: Page): Promise<Paged<PlanView>>;
  plan(id: number): Promise<PlanView>;
  /** A plan that was not created yet can be previewed too. */
  preview(plan: number | PlanInput): Promise<Preview>;
  activatePlan(id: number, actor: Actor): Promise<PlanView>;
  pausePlan(id: number, actor: Actor): Promise<PlanView>;
  resumePlan(id: number, actor: Actor): Promise<PlanView>;
  cancelPlan(id: number, actor: Actor): Promise<PlanView>;
  /** Takes open tasks back, and ends running downloads: the plan's URLs answer 403 from this moment. */
  stopPlan(id: number, actor: Actor): Promise<PlanView>;
  /** Tries failed and silent tasks again; `tasks` limits it to these. */
  retryPlan(id: number, request: { readonly tasks?: readonly number[] }, actor: Actor): Promise<PlanView>;
  deletePlan(id: number, actor: Actor): Promise<void>;
  tasks(
    filter: { readonly planId?: number; readonly device?: DeviceName; readonly state?: TaskStateName },
    page: Page,
  ): Promise<Paged<TaskView>>;
  cancelTask(id: number, actor: Actor): Promise<TaskView>;

  events(filter: EventFilter, page: Page): Promise<Paged<EventView>>;
  /** @returns how many were removed */
  purgeEvents(request: { readonly beforeMs?: number; readonly planId?: number }, actor: Actor): Promise<number>;
  audit(page: Page): Promise<Paged<AuditView>>;

  tokens(): Promise<readonly TokenView[]>;
  /** @returns the token itself, which is shown this once */
  newToken(
    request: { readonly name: string; readonly role: Role; readonly expiresAt?: number },
    actor: Actor,
  ): Promise<TokenView & { readonly token: string }>;
  revokeToken(id: number, actor: Actor): Promise<void>;
  /** @returns whom a token belongs to; absent if it is none, is revoked or expired */
  tokenOf(token: string): Promise<TokenView | undefined>;

  faults(): Promise<readonly FaultRecord[]>;
  addFault(fault: unknown, actor: Actor): Promise<FaultRecord>;
  clearFaults(id: number | undefined, actor: Actor): Promise<number>;
  /** @returns a signed URL, as a device gets it; it must not be logged */
  signedUrl(request: {
    readonly productId: string;
    readonly version?: string;
    readonly deviceName?: string;
    readonly lifetimeSec?: number;
  }): Promise<string>;

  /**
   * An upgrade in one of the console's three ways: a plan that is active at once.
   *
   * @returns the plan, how many devices have got a task by it, and how many of them are online
   */
  upgrade(
    request: UpgradeRequest,
    actor: Actor,
  ): Promise<{ readonly devices: number; readonly online: number; readonly planId: number }>;
  /** The state of the whole cloud in the words of the vendor's console: the newest task of each device. */
  status(): Promise<CloudStatus>;

  health(): Promise<Health>;
  /** Counters and gauges for Prometheus: name without prefix, help text, value. */
  metrics(): Promise<readonly Metric[]>;
  /**
   * Called for each new event and each change of a plan, task or package, after it is stored.
   *
   * @returns how to end that
   */
  follow(listener: (change: Change) => void): () => void;
  /** Lets go of what it holds: a connection, or the lock of a folder. */
  close?(): Promise<void>;
}

export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly values: readonly { readonly labels: { readonly [label: string]: string }; readonly value: number }[];
}

export type Change =
  | { readonly kind: "event"; readonly event: EventView }
  | { readonly kind: "plan"; readonly planId: number }
  | { readonly kind: "package"; readonly packageId: number };

/** Codes of refusals, each with the HTTP status of its problem (RFC 9457). */
export const REFUSALS = {
  invalid: 400,
  "not-found": 404,
  exists: 409,
  conflict: 409,
  "in-use": 409,
  "not-verified": 409,
  "too-large": 413,
  "unsupported-format": 415,
  storage: 503,
  "not-running": 409,
} as const;
export type RefusalCode = keyof typeof REFUSALS;

/** The cloud refuses a request. The message is one line that names the reason and what to do. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: RefusalCode;
  /** Wrong fields of the request, by their path. */
  readonly errors: readonly { readonly field: string; readonly message: string }[];

  constructor(code: RefusalCode, message: string, errors: Refusal["errors"] = []) {
    super(message);
    this.code = code;
    this.errors = errors;
  }
}
