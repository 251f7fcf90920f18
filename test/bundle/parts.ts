/**
 * What tests take from a bundle of their own (dist/parts, never shipped). It is built like the agent's, which exports
 * too little.
 */
export * from "../../src/image/digest.js";
export * from "../../src/mqtt/codec.js";
export { default as mqtt } from "mqtt-packet";
