import { z } from "zod";
import { problem } from "./schemas/operations.js";
import { components, nameOf, referenceTo } from "./schemas/named.js";
import { BASE } from "./request.js";
import type { Route } from "./route.js";

/** @returns the OpenAPI 3.1 document of these routes */
export function openApiDocument(routes: readonly Route[]): object {
  const paths: { [path: string]: { [method: string]: object } } = {};
  for (const route of routes) {
    const operations = (paths[route.path] ??= {});
    operations[route.method] = operation(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "moddable-ota cloud",
      version: "1",
      description: "What an operator can ask of the cloud. Each error is a problem of RFC 9457 with a `code`.",
    },
    servers: [{ url: BASE }],
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      schemas: components(),
      securitySchemes: {
        token: { type: "http", scheme: "bearer" },
        session: { type: "apiKey", in: "cookie", name: "ota_session" },
      },
    },
  };
}

function operation(route: Route): object {
  const { summary, role, params, query, body, bodyStream, status, answer, answerTypes, mayBeEmpty = false } = route;
  const answers = answerTypes ?? (answer === undefined ? [] : ["application/json"]);
  const parameters = [...parametersIn("path", params), ...parametersIn("query", query)];
  return {
    summary,
    description: role === "anyone" ? "Needs no role." : `Needs the role ${role}.`,
    ...(role === "anyone" ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { content: { "application/json": { schema: schemaOf(body) } } } }),
    ...(bodyStream === undefined
      ? {}
      : {
          requestBody: { required: true, content: { [bodyStream]: { schema: { type: "string", format: "binary" } } } },
        }),
    responses: {
      [status]: {
        description: status === 204 ? "Done." : "The answer.",
        ...(answers.length === 0
          ? {}
          : {
              content: Object.fromEntries(
                answers.map((type) => [type, { schema: answer === undefined ? { type: "string" } : schemaOf(answer) }]),
              ),
            }),
      },
      ...(mayBeEmpty ? { 204: { description: "There is none." } } : {}),
      default: {
        description: "A problem (RFC 9457).",
        content: { "application/problem+json": { schema: schemaOf(problem) } },
      },
    },
  };
}

function parametersIn(place: "path" | "query", schema: z.ZodType | undefined): object[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape as { readonly [name: string]: z.ZodType }).map(([name, value]) => ({
    name,
    in: place,
    required: place === "path" || !isOptional(value),
    schema: schemaOf(value),
  }));
}

function isOptional(schema: z.ZodType): boolean {
  return (schema._zod as { readonly optin?: string }).optin === "optional";
}

function schemaOf(schema: z.ZodType): object {
  const name = nameOf(schema);
  if (name !== undefined) return { $ref: referenceTo(name) };
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return rest;
}
