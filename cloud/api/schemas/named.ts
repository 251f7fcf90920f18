import { z } from "zod";

/** The schemas that the document describes under `components`. It is filled while the modules are loaded. */
const registry = z.registry<{ readonly id: string }>();

/** Gives a schema a name in the document; others then refer to it. */
export function named<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
  registry.add(schema, { id });
  return schema;
}

/** @returns the name of a schema in the document, if it has one */
export function nameOf(schema: z.ZodType): string | undefined {
  return registry.get(schema)?.id;
}

export function referenceTo(id: string): string {
  return `#/components/schemas/${id}`;
}

/** @returns `components.schemas` of an OpenAPI 3.1 document, whose dialect is JSON Schema 2020-12 */
export function components(): { readonly [id: string]: object } {
  const { schemas } = z.toJSONSchema(registry, { uri: referenceTo, io: "input" });
  return Object.fromEntries(
    Object.entries(schemas)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([id, { $schema: _dialect, $id: _id, ...schema }]) => [id, schema]),
  );
}
