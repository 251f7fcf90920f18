import type { Actor } from "./common.js";

/** What an operator can set of the cloud itself. */
export interface CloudSettings {
  /** For how many days the history is kept: events, and what was counted in the course of time. */
  readonly keepEventsDays: number;
  /** A delta or a compressed image is offered only if it is so many percent smaller than the whole file. */
  readonly leastSavingPercent: number;
}

/** What is given is changed. */
export type SettingsChange = { readonly [Name in keyof CloudSettings]?: CloudSettings[Name] };

/** Days that the history can be kept: a hundred years. */
export const MOST_KEEP_EVENTS_DAYS = 36_500;

export interface SettingsOperations {
  settings(): Promise<CloudSettings>;
  /** @returns the settings as they are then */
  changeSettings(change: SettingsChange, actor: Actor): Promise<CloudSettings>;
}
