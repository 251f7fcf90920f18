/**
 * A device registers itself with its product's secret.
 *
 * @module moddable-ota/registration
 */
export { parseRegistrationInfo, type RegistrationInfo } from "./device-info.js";
export { register, type RegisterOptions } from "./register.js";
