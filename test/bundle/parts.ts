/**
 * What tests take from a bundle of their own (dist/parts, never shipped). It is built like the agent's, which exports
 * too little.
 */
export * from "../../src/image/digest.js";
export * from "../../src/mqtt/codec.js";
export * from "../../src/seal/p256.js";
export * from "../../src/package/block-decoder.js";
export * from "../../src/package/header-reader.js";
export * from "../../src/package/record-decoder.js";
export { default as mqtt } from "mqtt-packet";
