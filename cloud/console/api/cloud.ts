import type {
  AuditView,
  CloudSettings,
  DeviceView,
  EventView,
  Health,
  Overview,
  NewDevice,
  NewVariants,
  PackageView,
  Paged,
  PlanInput,
  PlanTimeline,
  PlanView,
  Preview,
  ProductChange,
  ProductView,
  ReasonCount,
  Role,
  SettingsChange,
  TaskView,
  TokenView,
  VersionHistory,
} from "../../operator/types.js";
import type { FaultRecord } from "../../faults/fault.js";
import { type Query, request } from "./request.js";

type DeviceName = Pick<DeviceView, "productId" | "deviceName">;

/** A part of a list. */
export interface Part {
  readonly after?: number | undefined;
  readonly limit?: number;
  readonly order?: "newest" | "oldest";
}

type Signal = AbortSignal | undefined;

function get<T>(path: string, query: object = {}, signal?: Signal): Promise<T> {
  return request<T>("GET", path, { query: query as Query, ...(signal === undefined ? {} : { signal }) });
}

/** A short list comes as a whole. */
async function getItems<T>(path: string, signal?: Signal): Promise<readonly T[]> {
  return (await get<{ readonly items: readonly T[] }>(path, {}, signal)).items;
}

async function addDevices(path: string, body: object): Promise<readonly NewDeviceSecret[]> {
  return (await request<{ readonly devices: readonly NewDeviceSecret[] }>("POST", path, { body })).devices;
}

function devicePath(productId: string, deviceName: string): string {
  return `/devices/${encodeURIComponent(productId)}/${encodeURIComponent(deviceName)}`;
}

/*
 * The requests of the API that the page makes, with the types that the cloud itself has for their answers.
 * `/api/v1/openapi.json` describes them.
 */

export const products = {
  list: (signal?: Signal) => getItems<ProductView>("/products", signal),
  set: ({ productId, ...change }: ProductChange) =>
    request<ProductView & { readonly productSecret: string }>("PUT", `/products/${productId}`, { body: change }),
};

export interface DeviceQuery extends Part {
  readonly product?: string;
  readonly text?: string;
  readonly component?: string;
  readonly version?: string;
  readonly gateway?: string;
  readonly online?: boolean;
}

export interface NewDeviceSecret {
  readonly productId: string;
  readonly deviceName: string;
  readonly deviceSecret?: string;
  readonly added?: boolean;
}

export const devices = {
  list: (query: DeviceQuery, signal?: Signal) => get<Paged<DeviceView>>("/devices", query, signal),
  one: (productId: string, deviceName: string, signal?: Signal) =>
    get<DeviceView>(devicePath(productId, deviceName), {}, signal),
  addBatch: (list: readonly NewDevice[]) => addDevices("/devices/batch", { devices: list }),
  addCount: (body: { productId: string; prefix: string; count: number }) => addDevices("/devices/count", body),
  change: (productId: string, deviceName: string, body: { note?: string; timeZone?: string; language?: string }) =>
    request<DeviceView>("PATCH", devicePath(productId, deviceName), { body }),
  remove: (productId: string, deviceName: string) => request<void>("DELETE", devicePath(productId, deviceName)),
  bind: (productId: string, deviceName: string, gateway: DeviceName) =>
    request<void>("PUT", `${devicePath(productId, deviceName)}/gateway`, { body: gateway }),
  unbind: (productId: string, deviceName: string) =>
    request<DeviceName>("DELETE", `${devicePath(productId, deviceName)}/gateway`),
};

export const packages = {
  list: (query: Part & { product?: string }, signal?: Signal) => get<Paged<PackageView>>("/packages", query, signal),
  one: (id: number, signal?: Signal) => get<PackageView>(`/packages/${id}`, {}, signal),
  addVariants: (id: number, body: NewVariants) => request<PackageView>("POST", `/packages/${id}/variants`, { body }),
  removeVariant: (id: number, variant: number) => request<PackageView>("DELETE", `/packages/${id}/variants/${variant}`),
  withdraw: (id: number) => request<PackageView>("POST", `/packages/${id}/withdraw`),
  verify: (body: { productId: string; component: string; version: string; deviceName: string }) =>
    request<PlanView>("POST", "/verify", { body }),
};

export type PlanAction = "activate" | "pause" | "resume" | "cancel" | "stop";

export const plans = {
  list: (query: Part & { product?: string; state?: string }, signal?: Signal) =>
    get<Paged<PlanView>>("/plans", query, signal),
  one: (id: number, signal?: Signal) => get<PlanView>(`/plans/${id}`, {}, signal),
  create: (body: PlanInput) => request<PlanView>("POST", "/plans", { body }),
  edit: (id: number, body: PlanInput) => request<PlanView>("PUT", `/plans/${id}`, { body }),
  remove: (id: number) => request<void>("DELETE", `/plans/${id}`),
  act: (id: number, action: PlanAction) => request<PlanView>("POST", `/plans/${id}/${action}`),
  retry: (id: number, tasks?: readonly number[]) =>
    request<PlanView>("POST", `/plans/${id}/retry`, { body: tasks === undefined ? {} : { tasks } }),
  previewOf: (body: PlanInput, query: { limit?: number; reason?: string }, signal?: Signal) =>
    request<Preview>("POST", "/plans/preview", { body, query, ...(signal === undefined ? {} : { signal }) }),
  preview: (id: number, query: { limit?: number; reason?: string }, signal?: Signal) =>
    get<Preview>(`/plans/${id}/preview`, query, signal),
  reasons: (id: number, signal?: Signal) =>
    get<{ readonly items: readonly ReasonCount[] }>(`/plans/${id}/reasons`, {}, signal),
  timeline: (id: number, points: number, signal?: Signal) =>
    get<PlanTimeline>(`/plans/${id}/timeline`, { points }, signal),
};

export const tasks = {
  list: (
    query: Part & { plan?: number; product?: string; device?: string; state?: string; reason?: string },
    signal?: Signal,
  ) => get<Paged<TaskView>>("/tasks", query, signal),
  cancel: (id: number) => request<TaskView>("POST", `/tasks/${id}/cancel`),
};

export const events = {
  list: (
    query: Part & { product?: string; device?: string; plan?: number; task?: number; kind?: string },
    signal?: Signal,
  ) => get<Paged<EventView>>("/events", query, signal),
};

export const audit = {
  list: (query: Part, signal?: Signal) => get<Paged<AuditView>>("/audit", query, signal),
};

export const tokens = {
  list: (signal?: Signal) => getItems<TokenView>("/tokens", signal),
  make: (body: { name: string; role: Role; expiresAt?: number }) =>
    request<TokenView & { readonly token: string }>("POST", "/tokens", { body }),
  revoke: (id: number) => request<void>("DELETE", `/tokens/${id}`),
};

export const faults = {
  list: (signal?: Signal) => getItems<FaultRecord>("/faults", signal),
  add: (body: object) => request<FaultRecord>("POST", "/faults", { body }),
  clear: (id?: number) => request<unknown>("DELETE", id === undefined ? "/faults" : `/faults/${id}`),
};

export const fleet = {
  overview: (product: string, signal?: Signal) => get<Overview>("/overview", { product }, signal),
  versions: (query: { product: string; component?: string; from?: number; points?: number }, signal?: Signal) =>
    get<VersionHistory>("/history/versions", query, signal),
  health: (signal?: Signal) => get<Health>("/health", {}, signal),
  settings: (signal?: Signal) => get<CloudSettings>("/settings", {}, signal),
  changeSettings: (body: SettingsChange) => request<CloudSettings>("PATCH", "/settings", { body }),
};
