import type { Generated, Insertable, Selectable, Updateable } from "kysely";

/*
 * The tables of the cloud, as TypeScript sees them. In the database the names are in snake_case. Each `id` is a bigint
 * that the database gives, each time is in milliseconds since 1970, a flag is 0 or 1, and `null` is "not known" or
 * "not set". The types are the same on SQLite and PostgreSQL.
 */

export type Flag = 0 | 1;

export interface ProductTable {
  id: Generated<number>;
  /** The product's id on the wire. */
  productId: string;
  name: string;
  secret: string | null;
  /** Which devices may register themselves. */
  registration: "off" | "listed" | "any";
  /** Most devices that may make themselves known. */
  deviceLimit: number | null;
  /** The chip of its boards; an image for another one is refused. */
  chip: string | null;
  timeZone: string | null;
  createdAt: number;
}

export interface DeviceTable {
  id: Generated<number>;
  /** `product.id`, and not the product's id on the wire. */
  productId: number;
  deviceName: string;
  /** In base64; `null` if the device proves its identity by a certificate. */
  secret: string | null;
  /** For a sub-device: `device.id` of the gateway that it is bound to. */
  gatewayId: number | null;
  timeZone: string | null;
  language: string | null;
  /** It has connected once, so that it can register itself no more. */
  activated: Generated<Flag>;
  /** It has made itself known. */
  selfRegistered: Generated<Flag>;
  note: Generated<string>;
  createdAt: number;
  lastSeenAt: number | null;
}

export interface DeviceComponentTable {
  deviceId: number;
  component: string;
  version: string;
  reportedAt: number;
}

/** How many devices of a product run each version of a component, kept by the class of the components. */
export interface VersionCountTable {
  productId: number;
  component: string;
  version: string;
  /** 0 once none runs it any more, until the history has noted that. */
  devices: number;
}

export interface PackageTable {
  id: Generated<number>;
  productId: number;
  component: string;
  kind: "module" | "mcu";
  form: "full" | "delta";
  /** For a delta: the version that it makes this one from. Empty for a full package. */
  sourceVersion: Generated<string>;
  version: string;
  name: Generated<string>;
  remark: Generated<string>;
  /** JSON: battery, signal and space that the device needs. */
  requirements: string | null;
  state: string;
  stateReason: string | null;
  /** JSON: the state as the machine of packages has it. `state` and `stateReason` are parts of it. */
  data: string;
  /** As read from an ESP32 image. */
  chip: string | null;
  project: string | null;
  /** JSON: what the file's seal says. */
  seal: string | null;
  createdAt: number;
}

export interface PackageFileTable {
  id: Generated<number>;
  packageId: number;
  position: number;
  name: string;
  size: number;
  /** 32 hexadecimal digits in lower case. */
  md5: string;
  sha256: string;
  /** Path in the URL of an offer. Several packages may hold the same bytes; each has a path of its own. */
  path: string;
}

/** A delta or a compressed image that the cloud makes of the first file of a full package. */
export interface PackageVariantTable {
  id: Generated<number>;
  packageId: number;
  /** For a delta: the full package whose first file is the base. It goes with that package. */
  basePackageId: number | null;
  form: "delta" | "compressed";
  /** For a delta: the version that it makes this one from. Empty for a compressed image. One of each for a package. */
  sourceVersion: string;
  state: "queued" | "making" | "ready" | "failed";
  /** Why it failed, for people. */
  reason: string | null;
  /** How far its making is. */
  percent: number;
  /** `null` until it is ready, as are the others down to the path. */
  size: number | null;
  md5: string | null;
  sha256: string | null;
  /** Path in the URL of an offer. */
  path: string | null;
  createdAt: number;
}

export interface PlanTable {
  id: Generated<number>;
  productId: number;
  name: string;
  purpose: "update" | "verification";
  state: string;
  reason: string | null;
  /** JSON: windows, pace, halt, retry … as the fleet rules read it. */
  settings: string;
  /** Whether devices that come later are taken in. */
  dynamic: Flag;
  /** The command that has made the plan, such as `upgrade`. */
  command: string | null;
  /** JSON: the state as the machine of plans has it. `state` and `reason` are parts of it. */
  data: string;
  createdAt: number;
  activatedAt: number | null;
  /** When the tasks of all devices that matched at the activation were made. */
  matchedAt: number | null;
  /** URLs of offers that were made until then answer 403. */
  revokedAt: number | null;
  /**
   * JSON: the events that its tasks are still to be told, each with the last task that was. Its results do not count
   * before all were. `null` if there is nothing to tell.
   */
  telling: string | null;
  endedAt: number | null;
}

export interface PlanTextTable {
  planId: number;
  language: string;
  title: string;
  body: string;
}

export interface PlanDeviceTable {
  planId: number;
  list: "device" | "allow" | "deny";
  deviceName: string;
}

export interface PlanComponentTable {
  planId: number;
  position: number;
  component: string;
  version: string;
  packageId: number | null;
}

export interface TaskTable {
  id: Generated<number>;
  planId: number;
  /** Position of the plan's component. */
  position: number;
  deviceId: number;
  packageId: number;
  component: string;
  state: string;
  reason: string | null;
  attempt: Generated<number>;
  percent: number | null;
  deadlineAt: number | null;
  /**
   * The deadline in steps of five minutes, kept by the class of the table. A deadline moves with each report; by this
   * column its place in the index moves only now and then.
   */
  deadlineSlot: number | null;
  nextTryAt: number | null;
  offeredAt: number | null;
  /** What was offered in this try; `null`: the package's own file. */
  variantId: number | null;
  /** The code by which the device refused a delta or a compressed image: it gets the package's own file since. */
  variantRefusal: string | null;
  /** What people read about the state: a device's message, a plan's id. */
  detail: string | null;
  /** 0 once it has ended. */
  open: Flag;
  /** 1 from the offer to the end. A device has one task in flight for each component. */
  inFlight: Flag;
  createdAt: number;
  updatedAt: number;
}

/** How many tasks of a plan are in each state, kept by the class of the tasks: counting them would take O(tasks). */
export interface TaskCountTable {
  planId: number;
  state: string;
  tasks: number;
}

export interface EventTable {
  id: Generated<number>;
  at: number;
  deviceId: number | null;
  planId: number | null;
  taskId: number | null;
  kind: string;
  /** JSON. */
  detail: string;
}

/** What was counted at a time. It holds until the next one of its series: a sample is written if something changed. */
export interface SampleTable {
  kind: "versions" | "plan";
  /** `product.id` or `plan.id`, without a reference, as in an event. */
  ownerId: number;
  /** Whose versions; empty for a plan. */
  component: string;
  at: number;
  /** JSON: the devices by version and how many are online; or a plan's tasks by state. */
  data: string;
}

export interface AuditTable {
  id: Generated<number>;
  at: number;
  /** Who did it: the name of a token, or a command. */
  actor: string;
  /** From which address it came. */
  origin: string;
  action: string;
  subject: string;
  /** JSON. */
  detail: string;
}

export interface TokenTable {
  id: Generated<number>;
  name: string;
  role: "viewer" | "operator" | "admin";
  /** SHA-256 of the token in hexadecimal; the token itself is not stored. */
  sha256: string;
  createdAt: number;
  expiresAt: number | null;
  lastUsedAt: number | null;
  revokedAt: number | null;
}

/** A browser that is signed in. */
export interface BrowserSessionTable {
  /** SHA-256 of the session's id in hexadecimal; the id itself is not stored. */
  sha256: string;
  name: string;
  role: "viewer" | "operator" | "admin";
  /** `null` for the sign-in link. */
  tokenId: number | null;
  createdAt: number;
  expiresAt: number;
}

export interface SettingTable {
  key: string;
  value: string;
}

/** One row: each transaction that writes locks it first, if several processes write. */
export interface TurnTable {
  id: number;
  /** Counts up with each new leader. */
  epoch: number;
  /** Counts the transactions of others than the leader, which has to look at what they have changed. */
  changes: number;
}

/** One row: who leads. */
export interface LeaseTable {
  id: number;
  epoch: number;
  /** Host and process, for people. */
  holder: string;
  /** The server's process that holds the leader's lock. */
  backend: number;
  /** By the clock of the database; 0 if nobody leads. */
  renewedAt: number;
  /** JSON: what only the leader knows. */
  facts: string;
}

/** What one process tells all others, append-only. */
export interface SignalTable {
  id: Generated<number>;
  at: number;
  /** JSON. */
  detail: string;
}

export interface Schema {
  product: ProductTable;
  device: DeviceTable;
  deviceComponent: DeviceComponentTable;
  versionCount: VersionCountTable;
  package: PackageTable;
  packageFile: PackageFileTable;
  packageVariant: PackageVariantTable;
  plan: PlanTable;
  planText: PlanTextTable;
  planDevice: PlanDeviceTable;
  planComponent: PlanComponentTable;
  task: TaskTable;
  taskCount: TaskCountTable;
  event: EventTable;
  sample: SampleTable;
  audit: AuditTable;
  token: TokenTable;
  browserSession: BrowserSessionTable;
  setting: SettingTable;
  turn: TurnTable;
  lease: LeaseTable;
  signal: SignalTable;
}

export type Product = Selectable<ProductTable>;
export type NewProduct = Insertable<ProductTable>;
export type ProductPatch = Omit<Updateable<ProductTable>, "id" | "productId">;
export type Device = Selectable<DeviceTable>;
export type NewDevice = Insertable<DeviceTable>;
export type DevicePatch = Omit<Updateable<DeviceTable>, "id" | "productId" | "deviceName">;
export type DeviceComponent = Selectable<DeviceComponentTable>;
export type VersionCount = Selectable<VersionCountTable>;
export type Package = Selectable<PackageTable>;
export type NewPackage = Insertable<PackageTable>;
export type PackagePatch = Omit<Updateable<PackageTable>, "id" | "productId">;
export type PackageFile = Selectable<PackageFileTable>;
export type NewPackageFile = Omit<Insertable<PackageFileTable>, "packageId" | "position">;
export type PackageVariant = Selectable<PackageVariantTable>;
export type NewPackageVariant = Pick<
  PackageVariant,
  "packageId" | "basePackageId" | "form" | "sourceVersion" | "createdAt"
>;
export type PackageVariantPatch = Omit<Updateable<PackageVariantTable>, "id" | "packageId">;
export type Plan = Selectable<PlanTable>;
export type NewPlan = Insertable<PlanTable>;
export type PlanPatch = Omit<Updateable<PlanTable>, "id" | "productId">;
export type PlanText = Omit<Selectable<PlanTextTable>, "planId">;
export type PlanDevice = Omit<Selectable<PlanDeviceTable>, "planId">;
export type PlanComponent = Omit<Selectable<PlanComponentTable>, "planId">;
export type Task = Selectable<TaskTable>;
export type NewTask = Omit<Insertable<TaskTable>, "deadlineSlot" | "variantId" | "variantRefusal">;
export type TaskPatch = Omit<Updateable<TaskTable>, "id" | "planId" | "deviceId" | "component" | "deadlineSlot">;
export type FleetEvent = Selectable<EventTable>;
export type NewEvent = Insertable<EventTable>;
/** Which samples follow each other. */
export type Series = Pick<SampleTable, "kind" | "ownerId" | "component">;
export type Sample = Pick<SampleTable, "at" | "data">;
export type AuditRecord = Selectable<AuditTable>;
export type NewAuditRecord = Insertable<AuditTable>;
export type Token = Selectable<TokenTable>;
export type NewToken = Insertable<TokenTable>;
export type BrowserSession = Selectable<BrowserSessionTable>;
