import type { Query } from "../../api/request.js";

/** What an operator says of a file. All as it is typed. */
export interface UploadForm {
  readonly product: string;
  readonly component: string;
  readonly version: string;
  readonly kind: "module" | "mcu";
  /** A delta has a source version. */
  readonly form: "full" | "delta";
  readonly sourceVersion: string;
  readonly name: string;
  readonly remark: string;
  readonly minBatteryPercent: string;
  readonly minSignalDbm: string;
  readonly space: string;
  readonly replace: boolean;
}

/** Largest file, as the cloud has it. */
export const UPLOAD_LIMIT_BYTES = 100 * 1024 * 1024;
export const FORMATS = [
  ".bin",
  ".zip",
  ".rar",
  ".pack",
  ".mini_1",
  ".mini_2",
  ".py",
  ".tar",
  ".tar.gz",
  ".s19",
  ".bin_1",
  ".bin_2",
] as const;

export type UploadProblem = "product" | "component" | "version" | "source-version" | "same-version" | "number";

const NAME = /^[A-Za-z0-9._-]{1,32}$/;

export function newForm(product: string, version: string): UploadForm {
  return {
    product,
    version,
    component: "firmware",
    kind: "module",
    form: "full",
    sourceVersion: "",
    name: "",
    remark: "",
    minBatteryPercent: "",
    minSignalDbm: "",
    space: "",
    replace: false,
  };
}

/** @returns whether the cloud takes a file of this name */
export function hasKnownFormat(fileName: string): boolean {
  const name = fileName.toLowerCase();
  return FORMATS.some((ending) => name.endsWith(ending));
}

/** @returns what is wrong, by the field; empty if it can be sent */
export function problemsOf(form: UploadForm): { readonly [Field in keyof UploadForm]?: UploadProblem } {
  const isDelta = form.form === "delta";
  return {
    ...(/^[A-Z0-9]{10}$/.test(form.product) ? {} : { product: "product" }),
    ...(NAME.test(form.component) ? {} : { component: "component" }),
    ...(NAME.test(form.version) ? {} : { version: "version" }),
    ...(isDelta && !NAME.test(form.sourceVersion) ? { sourceVersion: "source-version" } : {}),
    ...(isDelta && form.sourceVersion === form.version ? { sourceVersion: "same-version" } : {}),
    ...(isWhole(form.minBatteryPercent, 0, 100) ? {} : { minBatteryPercent: "number" }),
    ...(isWhole(form.minSignalDbm, -200, 0) ? {} : { minSignalDbm: "number" }),
    ...(isWhole(form.space, 0, Number.MAX_SAFE_INTEGER) ? {} : { space: "number" }),
  };
}

/** @returns the query of the upload; what is not set is left out */
export function uploadQuery(form: UploadForm, fileName: string): Query {
  return {
    product: form.product,
    version: form.version,
    fileName,
    component: form.component,
    kind: form.kind,
    name: form.name.trim(),
    remark: form.remark.trim(),
    sourceVersion: form.form === "delta" ? form.sourceVersion : "",
    minBatteryPercent: form.minBatteryPercent,
    minSignalDbm: form.minSignalDbm,
    space: form.space,
    ...(form.replace ? { replace: true } : {}),
  };
}

/** An empty text sets no limit. */
function isWhole(text: string, least: number, most: number): boolean {
  if (text.trim() === "") return true;
  const value = Number(text);
  return Number.isInteger(value) && value >= least && value <= most;
}
