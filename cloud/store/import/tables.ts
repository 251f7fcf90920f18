import type { Schema } from "../schema.js";

type TableName = keyof Schema;

export interface KeyColumn {
  readonly column: string;
  readonly isText: boolean;
}

const number = (column: string): KeyColumn => ({ column, isText: false });
const text = (column: string): KeyColumn => ({ column, isText: true });
const ID = [number("id")];

/**
 * Every table with the columns by which its rows are in an order, a table after those that it refers to. `undefined`:
 * what several processes need of each other at the moment, which is not copied.
 */
const KEYS: Readonly<Record<TableName, readonly KeyColumn[] | undefined>> = {
  product: ID,
  device: ID,
  deviceComponent: [number("deviceId"), text("component")],
  versionCount: [number("productId"), text("component"), text("version")],
  package: ID,
  packageFile: ID,
  packageVariant: ID,
  fileRemoval: [text("md5")],
  plan: ID,
  planText: [number("planId"), text("language")],
  planDevice: [number("planId"), text("list"), text("deviceName")],
  planComponent: [number("planId"), number("position")],
  task: ID,
  taskCount: [number("planId"), text("state")],
  event: ID,
  sample: [text("kind"), number("ownerId"), text("component"), number("at")],
  audit: ID,
  token: ID,
  browserSession: [text("sha256")],
  setting: [text("key")],
  signal: undefined,
  lease: undefined,
  turn: undefined,
};

/** A table that is copied. */
export interface CopiedTable {
  readonly name: TableName;
  readonly key: readonly KeyColumn[];
  /** The database gives its `id`. */
  readonly isNumbered: boolean;
}

export const COPIED: readonly CopiedTable[] = Object.entries(KEYS).flatMap(([name, key]) =>
  key === undefined ? [] : [{ name: name as TableName, key, isNumbered: key === ID }],
);

/** @returns the name as the database spells it */
export function inDatabase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
