/**
 * The gateway: updates of sub-devices.
 *
 * @module moddable-ota/gateway
 */
import { Gateway, type GatewayOptions } from "./gateway.js";

/** What an application imports as `moddable-ota/gateway`: a board that has no sub-devices does not carry this code. */
export type GatewayPart = (options: GatewayOptions) => Gateway;

export const gateway: GatewayPart = (options) => new Gateway(options);
