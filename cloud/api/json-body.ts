import { ApiProblem } from "./problem.js";

/** Deepest nesting of a JSON body. What reads it further, or writes it again, may recurse. */
const DEPTH_LIMIT = 32;

/**
 * Reads a JSON body.
 *
 * @param byteLimit the body may not be longer
 * @throws ApiProblem if the body is no JSON, too long or nested too deep
 */
export async function readJsonBody(request: Request, byteLimit: number): Promise<unknown> {
  const type = request.headers.get("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== undefined && type !== "application/json") {
    throw new ApiProblem("unsupported-media-type", "the body must be application/json");
  }
  const text = await readText(request, byteLimit);
  if (text === "") return {};
  if (type === undefined) throw new ApiProblem("unsupported-media-type", "the body must be application/json");
  if (isTooDeep(text)) throw new ApiProblem("invalid", `the body is nested deeper than ${DEPTH_LIMIT} levels`);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ApiProblem("invalid", "the body is not JSON");
  }
}

async function readText(request: Request, byteLimit: number): Promise<string> {
  const tooLarge = (): ApiProblem =>
    new ApiProblem("too-large", `the body is larger than ${byteLimit} bytes`, { headers: { Connection: "close" } });
  if (Number(request.headers.get("Content-Length") ?? 0) > byteLimit) throw tooLarge();
  if (request.body === null) return "";
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > byteLimit) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Counts brackets outside of texts, before anything is parsed. */
function isTooDeep(json: string): boolean {
  let depth = 0;
  let inText = false;
  for (let index = 0; index < json.length; index++) {
    const character = json[index];
    if (inText) {
      if (character === "\\") index++;
      else if (character === '"') inText = false;
    } else if (character === '"') inText = true;
    else if (character === "[" || character === "{") depth++;
    else if (character === "]" || character === "}") depth--;
    if (depth > DEPTH_LIMIT) return true;
  }
  return false;
}
