import fc from "fast-check";
import type { PlanInput } from "../../../../cloud/operator/types.js";

const version = fc.stringMatching(/^[A-Za-z0-9._-]{1,32}$/);
const deviceName = fc.stringMatching(/^[A-Za-z0-9:_-]{1,48}$/);
const names = fc.uniqueArray(deviceName, { minLength: 1, maxLength: 5 });
const plain = (maxLength: number) =>
  fc.string({ unit: "grapheme", minLength: 1, maxLength: maxLength / 4 }).filter((text) => text.trim() !== "");
const text = fc.record({ title: plain(64), body: fc.tuple(plain(120), plain(120)).map((lines) => lines.join("\n")) });
const whole = (min: number, max: number) => fc.integer({ min, max });

const window = fc.record({ from: whole(0, 23), to: whole(0, 24) }).filter(({ from, to }) => from !== to);

const stages = fc
  .uniqueArray(whole(1, 99), { maxLength: 6 })
  .map((list) => [...list.sort((one, other) => one - other), 100]);

const retry = fc.record({
  code: fc.constantFrom("-1", "-2", "-3", "-4", "-5", "reverted", "silent", "*"),
  times: whole(1, 100),
  afterSeconds: whole(1, 86_400),
});

const packages = fc.uniqueArray(fc.record({ component: version, version }), {
  minLength: 1,
  maxLength: 20,
  selector: ({ component }) => component,
});

const selection = fc.oneof(
  fc.record({ all: fc.constant(true), allow: names, deny: names }, { requiredKeys: ["all"] }),
  fc.record({ deny: names }),
  fc.record({ allow: names, deny: names }, { requiredKeys: ["allow"] }),
  fc.record(
    { from: fc.uniqueArray(version, { minLength: 1 }), devices: names, allow: names, deny: names },
    {
      requiredKeys: ["from"],
    },
  ),
  fc.record({ devices: names, allow: names, deny: names }, { requiredKeys: ["devices"] }),
);

const content = fc.oneof(fc.record({ version }), fc.record({ packages }));

const speech = fc.oneof(
  fc.record({ mode: fc.constant("silent"), texts: fc.dictionary(fc.constantFrom("zh", "en", "de", "pt-BR"), text) }),
  fc.record({
    mode: fc.constant("confirm"),
    texts: fc.record({ zh: text, en: text, de: text }, { requiredKeys: ["zh", "en"] }),
  }),
);

const rest = fc.record(
  {
    dynamic: fc.boolean(),
    timeZone: fc.constantFrom("UTC", "Asia/Shanghai", "America/New_York"),
    zone: fc.constantFrom("plan", "device"),
    window,
    strategy: fc.record(
      { minBatteryPercent: whole(0, 100), minSignalDbm: whole(-200, 0), space: fc.maxSafeNat() },
      { requiredKeys: [] },
    ),
    pace: fc.record({ maxInFlight: whole(1, 1_000_000), perMinute: whole(1, 1_000_000), stages }, { requiredKeys: [] }),
    halt: fc.record({ percent: whole(1, 100), atLeast: whole(1, 1_000_000) }, { requiredKeys: [] }),
    retry: fc.array(retry, { maxLength: 8 }),
    silentAfterSeconds: whole(1, 2_592_000),
    answerWithinSeconds: whole(1, 2_592_000),
    conflict: fc.constantFrom("wait", "replace"),
    override: plain(256),
  },
  { requiredKeys: [] },
);

/** Any plan.json that the cloud accepts. */
export const validSettings: fc.Arbitrary<PlanInput> = fc
  .tuple(
    fc.record({ name: plain(64), product: fc.stringMatching(/^[A-Z0-9]{10}$/) }),
    content,
    selection,
    fc.option(speech, { nil: {} }),
    rest,
  )
  .map((parts) => Object.assign({}, ...parts) as PlanInput);
