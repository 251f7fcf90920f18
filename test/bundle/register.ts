import assert from "node:assert/strict";
import { register } from "node:module";
import { bundleUrl, loadParts } from "../support/built.js";

/** `node --import` of this makes whatever is loaded after it run on the bundles. */
register("./hooks.js", import.meta.url);

const [index, digest] = await Promise.all([import("../../src/index.js"), import("../../src/image/digest.js")]);
assert.equal(index.OtaAgent, ((await import(bundleUrl("moddable-ota"))) as typeof index).OtaAgent);
assert.equal(digest.createMd5, (await loadParts()).createMd5);
