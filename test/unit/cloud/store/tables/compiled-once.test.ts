import assert from "node:assert/strict";
import { test } from "node:test";
import { openLibsql } from "../../../../../cloud/store/libsql-engine.js";
import { openPostgres } from "../../../../../cloud/store/postgres/postgres-engine.js";
import type { Connection } from "../../../../../cloud/store/tables/chunks.js";
import { compiledOnce } from "../../../../../cloud/store/tables/compiled-once.js";
import { NOW, withStore } from "../open-store.js";

/** The connection of a store's tables: a table's class hides it. */
async function withConnection(body: (connection: Connection) => Promise<void>): Promise<void> {
  await withStore(async (store, folder, url) => {
    await store.write(async (tables) => {
      for (const productId of ["ABCDE12345", "FGHIJ67890"]) {
        await tables.products.insert({ productId, name: productId, registration: "off", createdAt: NOW });
      }
    });
    const engine = url === undefined ? openLibsql({ path: `${folder}/cloud.db` }) : openPostgres({ url });
    try {
      await body(engine.reader);
    } finally {
      await engine.close();
    }
  });
}

test("a statement is built once, and runs with the arguments of each call", () =>
  withConnection(async (connection) => {
    let built = 0;
    const find = compiledOnce((database, productId: string, before: number) => {
      built++;
      return database
        .selectFrom("product")
        .select(["productId", "createdAt"])
        .where("createdAt", "<", before)
        .where("productId", "=", productId);
    });
    assert.deepEqual(await find(connection, "ABCDE12345", NOW + 1), [{ productId: "ABCDE12345", createdAt: NOW }]);
    assert.deepEqual(await find(connection, "FGHIJ67890", NOW + 1), [{ productId: "FGHIJ67890", createdAt: NOW }]);
    assert.deepEqual(await find(connection, "ABCDE12345", NOW), []);
    assert.equal(built, 1);
  }));

test("the names of columns are those of the schema, and null is a parameter", () =>
  withConnection(async (connection) => {
    const chips = compiledOnce((database, chip: string | null) =>
      database.selectFrom("product").select("deviceLimit").where("chip", "is not distinct from", chip),
    );
    assert.deepEqual(await chips(connection, null), [{ deviceLimit: null }, { deviceLimit: null }]);
  }));
