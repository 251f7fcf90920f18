export type * from "./boot.js";
export type * from "./device.js";
export * from "./errors.js";
export type * from "./flash.js";
export type * from "./http.js";
export type * from "./key-value.js";
export type * from "./network.js";
export type * from "./packages.js";
export type * from "./system.js";
