import assert from "node:assert/strict";
import { test } from "node:test";
import { checkSettings, SETTING_KEYS } from "../../../../cloud/fleet/settings.js";
import { textFor } from "../../../../cloud/fleet/texts.js";
import { DEFAULTS, type PlanSettings } from "../../../../cloud/fleet/types.js";
import { REPEAT, SeededRandom } from "../../../support/seed.js";

const least = { name: "spring", product: "ABCDE12345", version: "2.0", all: true };

/** Every key that plan.json may have. */
const most = {
  name: "spring",
  product: "ABCDE12345",
  packages: [
    { component: "firmware", version: "2.0" },
    { component: "mcu", version: "m2" },
  ],
  from: ["1.0", "1.1"],
  devices: ["dev_1", "dev_2", "dev_1"],
  allow: ["dev_1"],
  deny: ["AA:BB:CC"],
  all: false,
  dynamic: true,
  timeZone: "Asia/Shanghai",
  zone: "plan",
  window: { from: 22, to: 4 },
  mode: "confirm",
  texts: {
    zh: { title: "新版本", body: "修复了\n问题" },
    en: { title: "New", body: "Mended" },
    "pt-BR": { title: "a", body: "b" },
  },
  strategy: { minBatteryPercent: 30, minSignalDbm: -100, space: 1_000_000 },
  pace: { maxInFlight: 5, maxAsked: 8, perMinute: 10, stages: [5, 100] },
  halt: { percent: 20, atLeast: 3 },
  retry: [{ code: "-1", times: 3, afterSeconds: 60 }, { code: "*" }],
  silentAfterSeconds: 60,
  answerWithinSeconds: 600,
  conflict: "replace",
  override: "the bench has no such board",
};

function ok(input: unknown): PlanSettings {
  const checked = checkSettings(input);
  assert.ok("ok" in checked, JSON.stringify(checked));
  return checked.ok;
}

function errors(input: unknown): string[] {
  const checked = checkSettings(input);
  return "errors" in checked ? checked.errors.map(({ field, code }) => `${field} ${code}`) : [];
}

test("the least plan gets every default, and is plain data", () => {
  const settings = ok(least);
  assert.deepEqual(settings, {
    ...DEFAULTS,
    name: "spring",
    productId: "ABCDE12345",
    packages: [{ component: "firmware", version: "2.0" }],
    selection: { deny: [] },
  });
  assert.deepEqual(JSON.parse(JSON.stringify(settings)), settings);
});

test("ten times as many as may be in flight are asked, unless the plan says otherwise", () => {
  assert.equal(ok({ ...least, pace: { maxInFlight: 7 } }).pace.maxAsked, 70);
  assert.equal(ok({ ...least, pace: { maxInFlight: 1_000_000 } }).pace.maxAsked, 1_000_000);
  assert.equal(DEFAULTS.pace.maxAsked, 10 * DEFAULTS.pace.maxInFlight);
});

test("every key of plan.json has its place", () => {
  const { product, devices, from, allow, deny, all, retry, ...same } = most;
  assert.deepEqual(ok(most), {
    ...same,
    productId: product,
    selection: { fromVersions: from, deviceNames: ["dev_1", "dev_2"], allow, deny },
    retry: [retry[0], { code: "*", times: 1, afterSeconds: 60 }],
  });
  assert.deepEqual(
    SETTING_KEYS.filter((key) => !(key in most)),
    ["version"],
  );
});

test("what is left out of a part gets its default", () => {
  const settings = ok({ ...least, pace: { perMinute: 7 }, halt: { percent: 50 } });
  assert.deepEqual(settings.pace, { ...DEFAULTS.pace, perMinute: 7 });
  assert.deepEqual(settings.halt, { ...DEFAULTS.halt, percent: 50 });
});

test("an unknown key is refused with the known one that is nearest", () => {
  const message = (input: object): string | undefined => {
    const checked = checkSettings({ ...least, ...input });
    return "errors" in checked ? checked.errors[0]?.message : undefined;
  };
  assert.match(message({ timezone: "UTC" }) ?? "", /^timezone: .*did you mean timeZone\?$/);
  assert.match(message({ pace: { maxInflight: 3 } }) ?? "", /^pace\.maxInflight: .*did you mean maxInFlight\?$/);
  assert.match(message({ xyz: 1 }) ?? "", /known are name, product/);
  assert.doesNotMatch(message({ "\u001b[2Jxyz": 1 }) ?? "", /\u001b/);
});

const WRONG: readonly (readonly [object, string])[] = [
  [{ name: undefined }, "name missing"],
  [{ name: " " }, "name empty"],
  [{ name: "a\u0007" }, "name malformed"],
  [{ name: "a".repeat(65) }, "name too-long"],
  [{ product: "abc" }, "product malformed"],
  [{ version: undefined }, "version missing"],
  [{ version: "2 0" }, "version malformed"],
  [{ packages: [{ component: "mcu", version: "1" }] }, "version contradiction"],
  [{ version: undefined, packages: [] }, "packages empty"],
  [{ version: undefined, packages: [{ version: "1" }, { version: "2" }] }, "packages[1].component repeated"],
  [{ all: undefined }, " missing"],
  [{ all: false }, " missing"],
  [{ all: "yes" }, "all wrong-type"],
  [{ devices: ["dev_1"] }, "all contradiction"],
  [{ all: undefined, from: [] }, "from empty"],
  [{ allow: [] }, "allow empty"],
  [{ all: undefined, devices: ["a b"] }, "devices[0] malformed"],
  [{ all: undefined, devices: "dev_1" }, "devices wrong-type"],
  [{ dynamic: 1 }, "dynamic wrong-type"],
  [{ timeZone: "Mars/Olympus" }, "timeZone malformed"],
  [{ zone: "moon" }, "zone out-of-range"],
  [{ window: { from: 2, to: 2 } }, "window empty"],
  [{ window: { from: 2.5, to: 4 } }, "window.from out-of-range"],
  [{ window: { from: 24, to: 4 } }, "window.from out-of-range"],
  [{ window: [2, 4] }, "window wrong-type"],
  [{ mode: "ask" }, "mode out-of-range"],
  [{ mode: "confirm" }, "texts.zh missing"],
  [{ mode: "confirm", texts: { zh: { title: "a", body: "b" } } }, "texts.en missing"],
  [{ texts: { Chinese: { title: "a", body: "b" } } }, "texts malformed"],
  [{ texts: { zh: { title: "a" } } }, "texts.zh.body wrong-type"],
  [{ texts: { zh: { title: "a\nb", body: "c" } } }, "texts.zh.title malformed"],
  [{ strategy: { minBatteryPercent: 101 } }, "strategy.minBatteryPercent out-of-range"],
  [{ strategy: { minSignalDbm: 1 } }, "strategy.minSignalDbm out-of-range"],
  [{ pace: { maxInFlight: 0 } }, "pace.maxInFlight out-of-range"],
  [{ pace: { maxInFlight: 5, maxAsked: 4 } }, "pace.maxAsked out-of-range"],
  [{ pace: { perMinute: Number.POSITIVE_INFINITY } }, "pace.perMinute out-of-range"],
  [{ pace: { stages: [25, 5, 100] } }, "pace.stages out-of-range"],
  [{ pace: { stages: [5, 25] } }, "pace.stages out-of-range"],
  [{ pace: { stages: [] } }, "pace.stages out-of-range"],
  [{ halt: { percent: 0 } }, "halt.percent out-of-range"],
  [{ halt: null }, "halt wrong-type"],
  [{ retry: [{ code: "-9" }] }, "retry[0].code out-of-range"],
  [{ retry: [{ code: "-1", afterSeconds: 0 }] }, "retry[0].afterSeconds out-of-range"],
  [{ silentAfterSeconds: Number.NaN }, "silentAfterSeconds out-of-range"],
  [{ silentAfterSeconds: "60" }, "silentAfterSeconds wrong-type"],
  [{ conflict: "fight" }, "conflict out-of-range"],
  [{ override: "" }, "override empty"],
];

for (const [input, error] of WRONG) {
  test(`${JSON.stringify(input)} is refused: ${error}`, () => {
    assert.ok(errors({ ...least, ...input }).includes(error), errors({ ...least, ...input }).join("; "));
  });
}

test("all that is wrong is reported at once", () => {
  assert.deepEqual(errors({ product: 1, version: "", all: true, mode: "x" }), [
    "mode out-of-range",
    "name missing",
    "product wrong-type",
    "version malformed",
  ]);
});

test("a deny list alone means all but those, an allow list alone just those", () => {
  const { all, ...some } = least;
  assert.deepEqual(ok({ ...some, deny: ["dev_9"] }).selection, { deny: ["dev_9"] });
  assert.deepEqual(ok({ ...some, allow: ["dev_1"] }).selection, { allow: ["dev_1"], deny: [] });
});

test("whatever a file holds, it is answered, and what is accepted is accepted again", () => {
  const random = new SeededRandom();
  const odd = [
    null,
    0,
    -1,
    1e99,
    "",
    "\u0000",
    [],
    [[]],
    {},
    { __proto__: 1 },
    true,
    "x".repeat(300),
    ["a", 1],
    { from: {} },
  ];
  for (let round = 0; round < 3000; round++) {
    const input = JSON.parse(JSON.stringify(random.integer(0, 2) === 0 ? least : most)) as { [key: string]: unknown };
    for (let change = random.integer(1, 4); change > 0; change--) {
      const key = SETTING_KEYS[random.integer(0, SETTING_KEYS.length)] as string;
      input[key] = odd[random.integer(0, odd.length)];
    }
    const checked = checkSettings(input);
    if ("errors" in checked) assert.ok(checked.errors.length > 0, REPEAT);
    else assert.deepEqual(JSON.parse(JSON.stringify(checked.ok)), checked.ok, REPEAT);
  }
  for (const input of odd) assert.ok("errors" in checkSettings(input));
});

test("a device reads the text in its language, without the region, in English, or any", () => {
  const text = (title: string) => ({ title, body: "" });
  const texts = { zh: text("zh"), en: text("en"), "pt-BR": text("pt-BR") };
  assert.equal(textFor(texts, "zh-CN")?.title, "zh");
  assert.equal(textFor(texts, "pt-BR")?.title, "pt-BR");
  assert.equal(textFor(texts, "fr")?.title, "en");
  assert.equal(textFor(texts, undefined)?.title, "en");
  assert.equal(textFor({ de: text("de") }, "constructor")?.title, "de");
  assert.equal(textFor({}, "zh"), undefined);
});
