import type { Kysely } from "kysely";
import type { EngineWords } from "../engine.js";

/** One step of the schema. Once released it is never changed: a further step follows. */
export interface Migration {
  /** Versions of the schema count up from 1, without a gap. */
  readonly version: number;
  /** Names are in camelCase, as in schema.ts. A step may not import the schema of today, which it precedes. */
  up(database: Kysely<unknown>, words: EngineWords): Promise<void>;
}
