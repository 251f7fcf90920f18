/**
 * The application's own MQTT messages, over the agent's connection.
 *
 * @module moddable-ota/mqtt
 */
import { ApplicationMqtt, type ApplicationMqttOptions } from "./application-mqtt.js";

/**
 * What an application imports as `moddable-ota/mqtt`: a board whose application sends no messages does not carry this
 * code.
 */
export type MqttPart = (options: ApplicationMqttOptions) => ApplicationMqtt;

export const mqtt: MqttPart = (options) => new ApplicationMqtt(options);
