import type { Insertable, Selectable, Updateable } from "kysely";
import type { ProductTable, DeviceTable, DeviceComponentTable, VersionCountTable } from "./schema/device-tables.js";
import type { PackageTable, PackageFileTable, PackageVariantTable, FileRemovalTable } from "./schema/package-tables.js";
import type {
  PlanTable,
  PlanTextTable,
  PlanDeviceTable,
  PlanComponentTable,
  TaskTable,
  TaskCountTable,
} from "./schema/plan-tables.js";
import type {
  EventTable,
  SampleTable,
  AuditTable,
  TokenTable,
  BrowserSessionTable,
  SettingTable,
} from "./schema/record-tables.js";
import type { TurnTable, LeaseTable, SignalTable } from "./schema/process-tables.js";

/*
 * The tables of the cloud, as TypeScript sees them. In the database the names are in snake_case. Each `id` is a bigint
 * that the database gives, each time is in milliseconds since 1970, a flag is 0 or 1, and `null` is "not known" or
 * "not set". The types are the same on SQLite and PostgreSQL.
 */

export interface Schema {
  product: ProductTable;
  device: DeviceTable;
  deviceComponent: DeviceComponentTable;
  versionCount: VersionCountTable;
  package: PackageTable;
  packageFile: PackageFileTable;
  packageVariant: PackageVariantTable;
  fileRemoval: FileRemovalTable;
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
