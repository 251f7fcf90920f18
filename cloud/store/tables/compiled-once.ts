import type { CompiledQuery, QueryResult } from "kysely";
import type { Connection } from "./chunks.js";

/** What a statement takes. */
export type Parameter = string | number | null;

interface Buildable<Row> {
  compile(): CompiledQuery<Row>;
}

/** Stands for an argument while the statement is built. */
class Place {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }
}

/**
 * A statement that is built once, and then only gets other parameters: to build and compile it takes longer than to
 * run it. It is for those that each message of a device needs.
 *
 * @param build gets stand-ins for the arguments: it must hand each of them on as a parameter, and decide nothing by it
 */
export function compiledOnce<Arguments extends readonly Parameter[], Row>(
  build: (database: Connection, ...given: Arguments) => Buildable<Row>,
): (database: Connection, ...given: Arguments) => Promise<Row[]> {
  /** By the engine: its adapter lives as long as it. */
  const compiled = new WeakMap<object, CompiledQuery<Row>>();
  return async (database, ...given) => {
    const engine = database.getExecutor().adapter;
    let query = compiled.get(engine);
    if (query === undefined) {
      const places = given.map((_argument, index) => new Place(index)) as unknown as Arguments;
      query = build(database, ...places).compile();
      compiled.set(engine, query);
    }
    const parameters = query.parameters.map((value) => (value instanceof Place ? given[value.index] : value));
    const { rows }: QueryResult<Row> = await database.executeQuery({ ...query, parameters });
    return rows;
  };
}
