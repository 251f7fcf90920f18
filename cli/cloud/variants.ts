import type { Actor, NewVariants, Operator, PackageView, PackageVariantView } from "../../cloud/operator/types.js";
import { readWireVersion } from "../../cloud/rollout/wire-version.js";
import { EXIT_FAILED, UsageError } from "../command-line.js";
import { type CloudChoice, withOperator } from "./operator.js";
import { clearProgress, showProgress } from "./progress.js";
import { all, say, sayJson } from "./text.js";

/** As the options of the commands give them. */
export interface VariantOptions {
  readonly deltaFrom?: readonly string[];
  readonly compress?: boolean;
}

const POLL_MS = 300;

/** `ota-cloud package make` */
export async function packageMake(
  id: number,
  { json, deltaFrom, compress, ...choice }: CloudChoice & VariantOptions & { readonly json?: boolean },
): Promise<void> {
  const wanted = wantedOf({ deltaFrom, compress });
  if (wanted === undefined) throw new UsageError("say what is to be made: --delta-from, --compress or both");
  await withOperator(choice, "package make", async ({ operator, actor }) => {
    const made = await makeVariants(operator, id, wanted, actor);
    if (json === true) sayJson(made);
  });
}

/** `ota-cloud package remove-variant` */
export async function packageRemoveVariant(
  id: number,
  variant: number,
  { json, ...choice }: CloudChoice & { readonly json?: boolean },
): Promise<void> {
  await withOperator(choice, "package remove-variant", async ({ operator, actor }) => {
    const left = await operator.removeVariant(id, variant, actor);
    if (json === true) sayJson(left);
    else if (left.variants.some((each) => each.id === variant)) {
      say(`variant ${variant} of package ${id} is offered to nobody any more`);
      say("devices have an offer of it: it is removed when the last of their tasks has ended or begins another try");
    } else say(`removed variant ${variant} of package ${id}`);
  });
}

/** @returns what is wanted; `undefined` if nothing is */
export function wantedOf({
  deltaFrom = [],
  compress = false,
}: {
  readonly deltaFrom?: readonly string[] | undefined;
  readonly compress?: boolean | undefined;
}): NewVariants | undefined {
  if (deltaFrom.length === 0 && !compress) return undefined;
  return { ...(deltaFrom.length === 0 ? {} : { deltaFrom }), ...(compress ? { compressed: true } : {}) };
}

/**
 * Refuses sources that are not there before a file is added: whoever has mistyped one adds nothing.
 *
 * @throws UsageError
 */
export async function mustHaveSources(
  operator: Operator,
  {
    productId,
    component,
    version,
  }: { readonly productId: string; readonly component: string; readonly version: string },
  { deltaFrom = [] }: NewVariants,
): Promise<void> {
  if (deltaFrom.length === 0) return;
  const products = await operator.products();
  const isKnown = products.some((product) => product.productId === productId);
  const there = isKnown ? await all((page) => operator.packages(productId, page)) : [];
  const target = readWireVersion(version, [component]).version;
  for (const text of deltaFrom) {
    const source = readWireVersion(text, [component]).version;
    if (source === target)
      throw new UsageError(`nothing is added: a delta from ${source} makes another version than that`);
    const isThere = there.some(
      (each) => each.version === source && each.component === component && each.form === "full",
    );
    if (isThere) continue;
    throw new UsageError(
      `nothing is added: there is no version ${source} of ${component}: a delta is made from the file that devices run, so add that first`,
    );
  }
}

/**
 * Has deltas and a compressed image made, and waits for them. On a terminal it shows how far they are. The exit code is
 * 1 if one could not be made.
 */
export async function makeVariants(
  operator: Operator,
  id: number,
  wanted: NewVariants,
  actor: Actor,
): Promise<PackageView> {
  const { deltaFrom = [], compressed } = wanted;
  const { component } = await operator.package(id);
  // On the wire the component stands before the version: both spellings mean the same.
  const sources = deltaFrom.map((text) => readWireVersion(text, [component]).version);
  const asked = ({ form, state, sourceVersion = "" }: PackageVariantView): boolean =>
    state !== "removing" && (form === "compressed" ? compressed === true : sources.includes(sourceVersion));
  const told = new Set<number>();
  for (let found = await operator.addVariants(id, wanted, actor); ; found = await operator.package(id)) {
    const all = found.variants.filter(asked);
    for (const each of all.filter(({ id: variant, state }) => !told.has(variant) && isOver(state))) {
      told.add(each.id);
      clearProgress();
      say(describeVariant(each, found.files[0]?.size ?? 0));
      if (each.state === "failed") process.exitCode = EXIT_FAILED;
    }
    const open = all.filter(({ state }) => !isOver(state));
    if (open.length === 0) return found;
    showProgress(open.map((each) => `${nameOf(each)} ${each.percent}%`).join("  "));
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** What a delta or a compressed image is, in one line. @param wholeSize bytes of the package's own file */
export function describeVariant(variant: PackageVariantView, wholeSize: number): string {
  const { state, percent, reason, size, pays } = variant;
  const name = nameOf(variant);
  if (state === "failed") return `${name}: failed: ${reason ?? ""}`;
  if (state === "removing") return `${name}: is removed when the tasks that have offered it end or begin another try`;
  if (state !== "ready" || size === undefined) return `${name}: ${state}, ${percent}%`;
  const share = wholeSize === 0 ? "" : `, ${((100 * size) / wholeSize).toFixed(1)}% of the file`;
  return `${name}: ${size} bytes${share}${pays === false ? ", which saves too little to be offered" : ""}`;
}

function nameOf({ form, sourceVersion }: PackageVariantView): string {
  return form === "delta" ? `delta from ${sourceVersion}` : "compressed";
}

function isOver(state: PackageVariantView["state"]): boolean {
  return state === "ready" || state === "failed";
}
