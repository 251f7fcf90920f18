import { join } from "node:path";
import type { Engine } from "../../cloud/store/engine.js";
import { DATABASE_FILE } from "../../cloud/store/fleet-store.js";
import { openLibsql } from "../../cloud/store/libsql-engine.js";
import { openPostgres } from "../../cloud/store/postgres/postgres-engine.js";
import { Tables } from "../../cloud/store/tables/tables.js";

type Plugin = Parameters<Engine["reader"]["withPlugin"]>[0];

/** Runs a body with a connection beside that of a store. @param url of its database; absent: it is in the folder */
export async function withEngine(
  { folder, url }: { readonly folder: string; readonly url: string | undefined },
  body: (engine: Engine) => Promise<void>,
): Promise<void> {
  const engine = url === undefined ? openLibsql({ path: join(folder, DATABASE_FILE) }) : openPostgres({ url });
  try {
    await body(engine);
  } finally {
    await engine.close();
  }
}

/** @returns how many statements a work on the tables is: each is a message to a server and back */
export async function statementsOf(
  { writer }: Pick<Engine, "writer">,
  work: (tables: Tables) => Promise<unknown>,
): Promise<number> {
  let count = 0;
  const counting: Plugin = {
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      count += 1;
      return result;
    },
  };
  await work(new Tables(writer.withPlugin(counting)));
  return count;
}

/** Runs reads of the tables. @returns how the engine would look for the rows of each, which it does not read then */
export async function plansOf(
  engine: Pick<Engine, "reader" | "words">,
  read: (tables: Tables) => Promise<unknown>,
): Promise<string[]> {
  const plans: string[] = [];
  // SQLite says with `explain` alone what its virtual machine does.
  const isServer = engine.words.id === "bigserial";
  const options = { kind: "RawNode", sqlFragments: ["query plan"], parameters: [] } as const;
  const explain = { kind: "ExplainNode", ...(isServer ? {} : { options }) } as const;
  const explained: Plugin = {
    transformQuery: ({ node }) => (node.kind === "SelectQueryNode" ? { ...node, explain } : node),
    transformResult: async ({ result }) => {
      // SQLite's text is the last column of a row, PostgreSQL's the only one.
      plans.push(result.rows.map((row) => String(Object.values(row).at(-1))).join("\n"));
      return { ...result, rows: [] };
    },
  };
  await read(new Tables(engine.reader.withPlugin(explained)));
  return plans;
}
