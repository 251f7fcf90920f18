import type { ConditionOperations } from "./types/condition.js";
import type { DeskOperations } from "./types/desk.js";
import type { DeviceOperations } from "./types/devices.js";
import type { HistoryOperations } from "./types/history.js";
import type { OverviewOperations } from "./types/overview.js";
import type { PackageOperations } from "./types/packages.js";
import type { PlanOperations, UpgradeOperations } from "./types/plans.js";
import type { ProductOperations } from "./types/products.js";
import type { RecordOperations } from "./types/records.js";
import type { SettingsOperations } from "./types/settings.js";
import type { TaskOperations } from "./types/tasks.js";
import type { TokenOperations } from "./types/tokens.js";

export * from "./types/browser-sessions.js";
export * from "./types/common.js";
export * from "./types/condition.js";
export * from "./types/desk.js";
export * from "./types/devices.js";
export * from "./types/history.js";
export * from "./types/overview.js";
export * from "./types/packages.js";
export * from "./types/plans.js";
export * from "./types/products.js";
export * from "./types/records.js";
export * from "./types/refusal.js";
export * from "./types/settings.js";
export * from "./types/tasks.js";
export * from "./types/tokens.js";

/**
 * What an operator can ask of the cloud. The API, the commands and the page all use this; each change is written to the
 * audit. A refusal is a `Refusal`.
 */
export interface Operator
  extends ProductOperations,
    DeviceOperations,
    PackageOperations,
    PlanOperations,
    TaskOperations,
    RecordOperations,
    TokenOperations,
    DeskOperations,
    UpgradeOperations,
    ConditionOperations,
    OverviewOperations,
    HistoryOperations,
    SettingsOperations {
  /** Lets go of what it holds: a connection, or the lock of a folder. */
  close?(): Promise<void>;
}
