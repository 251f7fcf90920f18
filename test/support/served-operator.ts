import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ApiServer } from "../../cloud/api/server.js";
import { type Ended, runCommand, withCommands } from "./command.js";
import { FakeOperator } from "./fake-operator.js";

export interface ServedOperator {
  readonly operator: FakeOperator;
  readonly server: ApiServer;
  /** An empty folder for files. */
  readonly folder: string;
  /** Folder of the state, on which the cloud runs. */
  readonly state: string;
  /** Runs `ota-cloud`, on the folder of the state. */
  run(...args: readonly string[]): Promise<Ended>;
}

/** A cloud whose operator is in memory, and its commands. */
export function withServedOperator(body: (served: ServedOperator) => Promise<void>): Promise<void> {
  return withCommands(async (folder) => {
    const state = join(folder, "state");
    mkdirSync(state);
    const operator = new FakeOperator();
    const server = await ApiServer.start({ operator, port: 0, folder: state });
    const run = (...args: readonly string[]): Promise<Ended> => runCommand("cloud/main", [...args, "--state", state]);
    try {
      await body({ operator, server, folder, state, run });
    } finally {
      await server.close();
    }
  });
}
