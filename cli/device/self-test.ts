import type { OtaConfig } from "../../src/index.js";

/** What a firmware on trial finds, as `--self-test` says it. */
export const SELF_TESTS = ["ok", "fail", "throw", "hang"] as const;
export type SelfTest = (typeof SELF_TESTS)[number];

/** @param how absent: reaching the cloud is proof enough */
export function selfTestOf(how: SelfTest | undefined): OtaConfig["selfTest"] {
  switch (how) {
    case undefined:
      return undefined;
    case "ok":
      return () => true;
    case "fail":
      return () => false;
    case "throw":
      return () => {
        throw new Error("sensor does not answer");
      };
    case "hang":
      return () => new Promise(() => {});
  }
}
