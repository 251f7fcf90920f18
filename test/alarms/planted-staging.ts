import { type PlantedBug, UNVERIFIED } from "./planted.js";

/** Mistakes with images that wait in the staging area for somebody else. */
export const PLANTED_STAGING: readonly PlantedBug[] = [
  {
    name: "an image is handed over before it is verified",
    ...UNVERIFIED,
    caughtBy: { scene: "staged-corrupt", says: /bytes that nobody offered are handed over/ },
  },
  {
    name: "the result of a sub-device is dropped by a restart before its acknowledgement",
    file: "src/update/machine/restore.ts",
    find: "      if (owns) return { state: reporting(checkpoint, area), effects: [] };",
    replace: "      if (owns) return idle(keptOf(checkpoint));",
    caughtBy: { scene: "staged", says: /no result was reported|does not end/ },
  },
  {
    name: "an installation that was cut begins again, even if the receiver runs the image",
    file: "src/update/machine/restore.ts",
    find: "      if (!owns || image.version !== runningVersion) return idle({ image, whole: true });",
    replace: "      if (!owns) return idle({ image, whole: true });",
    caughtBy: { scene: "staged", says: /ends with 1\.0\.0 and .*"done"/ },
  },
  {
    name: "what one sub-device has acknowledged counts for the next",
    file: "src/staging/target.ts",
    find: "record.every((byte, index) => byte === expected[index]) ? byteOffset : 0;",
    replace: "expected.byteLength > 0 ? byteOffset : 0;",
    caughtBy: {
      test: "test/unit/staging/target.test.js",
      named: /^is there after a power cut, for the same image and owner alone/,
    },
  },
  {
    name: "an image that was installed is gone from its area",
    file: "src/update/machine/moves.ts",
    find: '{ outcome: "done" }, { image, whole: true }, context)',
    replace: '{ outcome: "done" }, undefined, context)',
    caughtBy: { scene: "staged", says: /handed over is fetched once more/ },
  },
];
