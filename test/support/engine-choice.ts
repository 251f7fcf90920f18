import { temporaryFolder } from "./folder.js";
import { Mosquitto } from "./mosquitto.js";
import { Postgres } from "./postgres.js";

/** On which engine the tests of this process keep a state: SQLite in a folder, or a server of PostgreSQL. */
export type StoreEngine = "sqlite" | "postgres";

let chosen: StoreEngine = process.env["OTA_TEST_ENGINE"] === "postgres" ? "postgres" : "sqlite";
let server: Promise<Postgres> | undefined;
let broker: Promise<Mosquitto> | undefined;
/** The database that stands for a folder, as long as the process lives. */
const databases = new Map<string, Promise<string>>();
/** What ends the servers with this process. */
const ends: (() => void)[] = [];
const folder = temporaryFolder();
const brokerFolder = temporaryFolder();

/** Not by a hook of the tests: processes that are no test start clouds as well. */
process.once("exit", () => {
  for (const end of ends) end();
  folder.remove();
  brokerFolder.remove();
});

/** For all tests of this process that follow. By default the environment's `OTA_TEST_ENGINE` chooses. */
export function chooseEngine(engine: StoreEngine): void {
  chosen = engine;
}

export function chosenEngine(): StoreEngine {
  return chosen;
}

/** For `test`: why one is skipped that needs what only the engines in a folder have, or false. */
export function needsFolder(what: string): string | false {
  return chosen === "sqlite" ? false : `it is about ${what}, which the cloud has only with its own engines`;
}

/** @returns the URL of an empty database if the chosen engine has one; `undefined`: the state is in its folder */
export async function emptyDatabase(): Promise<string | undefined> {
  if (chosen === "sqlite") return undefined;
  return (await sharedServer()).database();
}

/** Which engines a cloud is started with. */
export interface Engines {
  readonly database?: string;
  readonly broker?: string;
}

/** @returns the chosen engines for a state folder, each time the same; none: its own */
export async function enginesOf(state: string): Promise<Engines> {
  if (chosen === "sqlite") return {};
  const known = databases.get(state) ?? sharedServer().then((one) => one.database());
  databases.set(state, known);
  broker ??= Mosquitto.start(brokerFolder.path).then((started) => {
    ends.push(started.letGo());
    return started;
  });
  return { database: await known, broker: (await broker).url };
}

/** @returns the processes of the chosen engines; `undefined` if the cloud has its own */
export async function sharedPids(): Promise<{ readonly database: number; readonly broker: number } | undefined> {
  if (server === undefined || broker === undefined) return undefined;
  return { database: (await server).pid, broker: (await broker).pid };
}

/** @returns the one server of this process, which ends with its tests */
export function sharedServer(): Promise<Postgres> {
  server ??= Postgres.start(folder.path, { syncs: process.env["OTA_TEST_SYNC"] !== undefined }).then((started) => {
    ends.push(started.letGo());
    return started;
  });
  return server;
}
