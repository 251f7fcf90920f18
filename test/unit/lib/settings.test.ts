import assert from "node:assert/strict";
import { test } from "node:test";
import { faultOfSettings, type SettingNames } from "../../../src/lib/settings.js";

const NAMES: SettingNames = { "": { size: 1, door: 1 }, door: { colour: 1, width: 1 }, roof: { width: 1, slope: 1 } };

test("an object of known settings has no fault, whatever their values are", () => {
  for (const value of [{}, { size: undefined }, { size: "large", door: 3 }]) {
    assert.equal(faultOfSettings(value, "", NAMES), undefined);
  }
});

test("what is no object is refused with the settings that it could have", () => {
  for (const value of [null, 1, "red", true, [], ["red"]]) {
    assert.equal(faultOfSettings(value, "door", NAMES), "door is not an object: { colour, width }");
  }
  assert.equal(faultOfSettings(undefined, "door", NAMES), "door is missing: { colour, width }");
  assert.equal(faultOfSettings(undefined, "", NAMES), "config is missing: { size, door }");
});

test("an unknown setting is refused with the nearest one, in its own section first", () => {
  const nearest = (section: string, name: string): string | undefined =>
    /did you mean (.+)\?$/.exec(faultOfSettings({ [name]: 1 }, section, NAMES) ?? "")?.[1];
  assert.equal(nearest("door", "color"), "door.colour");
  assert.equal(nearest("door", "COLOUR"), "door.colour");
  assert.equal(nearest("door", "widht"), "door.width");
  assert.equal(nearest("roof", "widht"), "roof.width");
  assert.equal(nearest("", "slope"), "roof.slope");
  assert.equal(nearest("door", "siez"), "size");
});

test("a value is never shown: it may be a secret", () => {
  assert.doesNotMatch(faultOfSettings({ nothing: "secret" }, "door", NAMES) ?? "", /secret/);
});
