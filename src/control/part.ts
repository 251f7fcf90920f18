/**
 * What an application itself decides about updates.
 *
 * @module moddable-ota/control
 */
import { UpdateControl } from "./control.js";
import type { ControlOptions } from "./options.js";

/**
 * What an application imports as `moddable-ota/control`: to cancel, pause and hold updates, to go back to the other
 * slot, and to know when a device may sleep. A board that leaves all this to the agent does not carry this code.
 */
export type ControlPart = (options: ControlOptions) => UpdateControl;

export const control: ControlPart = (options) => new UpdateControl(options);
