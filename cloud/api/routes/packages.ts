import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { z } from "zod";
import { ApiProblem } from "../problem.js";
import { type Route, route } from "../route.js";
import { deviceName, idInPath, page, productId } from "../schemas/common.js";
import {
  newPackageOf,
  newVariants,
  packages,
  packageView,
  upload,
  variantInPath,
  verification,
} from "../schemas/packages.js";
import { plan } from "../schemas/plans.js";
import { named } from "../schemas/named.js";
import { pageOf } from "./page-of.js";

/** Largest file of a package, as in QuecThing's console. */
export const UPLOAD_LIMIT = 100 * 1024 * 1024;

/** The devices, and products by an empty name. */
const secrets = named(
  "SecretsFound",
  z.strictObject({
    items: z.array(z.strictObject({ productId, deviceName: z.literal("").or(deviceName.shape.deviceName) })),
  }),
);

export const packageRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/packages",
    summary: "The packages, page by page.",
    role: "viewer",
    query: z.strictObject({ product: productId.exactOptional(), ...page }),
    status: 200,
    answer: packages,
    handle: ({ query }, { operator }) => operator.packages(query.product, pageOf(query)),
  }),
  route({
    method: "post",
    path: "/packages",
    summary: "Uploads the file of a package as the raw body, at most 100 MB. Content-Length must be given.",
    role: "operator",
    query: upload,
    bodyStream: "application/octet-stream",
    status: 201,
    answer: packageView,
    handle: ({ query, actor, context }, { operator }) => {
      const { content, size } = uploadOf(context.req.raw);
      return operator.addPackage(newPackageOf(query, size), content, actor);
    },
  }),
  route({
    method: "get",
    path: "/packages/{id}",
    summary: "A package.",
    role: "viewer",
    params: idInPath,
    status: 200,
    answer: packageView,
    handle: ({ params }, { operator }) => operator.package(params.id),
  }),
  route({
    method: "post",
    path: "/packages/{id}/files",
    summary: "Uploads a further file of a package as the raw body. Content-Length must be given.",
    role: "operator",
    params: idInPath,
    query: z.strictObject({ fileName: z.string().min(1).max(255) }),
    bodyStream: "application/octet-stream",
    status: 201,
    answer: packageView,
    handle: ({ params, query, actor, context }, { operator }) => {
      const { content, size } = uploadOf(context.req.raw);
      return operator.addPackageFile(params.id, { ...query, size }, content, actor);
    },
  }),
  route({
    method: "post",
    path: "/packages/{id}/variants",
    summary:
      "Begins to make deltas from versions that devices run, and a compressed image. The package's variants show how far they are.",
    role: "operator",
    params: idInPath,
    body: newVariants,
    status: 202,
    answer: packageView,
    handle: ({ params, body, actor }, { operator }) => operator.addVariants(params.id, body, actor),
  }),
  route({
    method: "delete",
    path: "/packages/{id}/variants/{variant}",
    summary:
      "Removes a delta or a compressed image, and ends its making. While devices have an offer of it, it is `removing`; then it is gone.",
    role: "operator",
    params: variantInPath,
    status: 200,
    answer: packageView,
    handle: ({ params, actor }, { operator }) => operator.removeVariant(params.id, params.variant, actor),
  }),
  route({
    method: "post",
    path: "/packages/{id}/withdraw",
    summary: "Withdraws a package: no plan can use it any more.",
    role: "operator",
    params: idInPath,
    status: 200,
    answer: packageView,
    handle: ({ params, actor }, { operator }) => operator.withdrawPackage(params.id, actor),
  }),
  route({
    method: "get",
    path: "/packages/{id}/secrets",
    summary: "The devices, and products by an empty name, whose secret is in the package's files.",
    role: "operator",
    params: idInPath,
    status: 200,
    answer: secrets,
    handle: async ({ params }, { operator }) => ({ items: await operator.secretsIn(params.id) }),
  }),
  route({
    method: "post",
    path: "/verify",
    summary: "Starts the verification of a package on one device. The answer is its plan.",
    role: "operator",
    body: verification,
    status: 201,
    answer: plan,
    handle: ({ body, actor }, { operator }) => operator.verify(body, actor),
  }),
];

/** @returns the body of an upload, of which nothing is read yet @throws ApiProblem */
function uploadOf(request: Request): { readonly content: Readable; readonly size: number } {
  const type = request.headers.get("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/octet-stream") {
    throw new ApiProblem("unsupported-media-type", "the body must be application/octet-stream: the file as it is");
  }
  const length = request.headers.get("Content-Length");
  if (length === null || !/^[0-9]{1,15}$/.test(length)) {
    throw new ApiProblem("length-required", "give Content-Length: the size of the file");
  }
  if (Number(length) > UPLOAD_LIMIT) {
    throw new ApiProblem("too-large", `the file has ${length} bytes: the limit is ${UPLOAD_LIMIT}`, {
      headers: { Connection: "close" },
    });
  }
  const content = request.body === null ? Readable.from([]) : Readable.fromWeb(request.body as ReadableStream);
  return { content, size: Number(length) };
}
