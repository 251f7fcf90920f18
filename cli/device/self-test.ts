import type { OtaConfig } from "../../src/index.js";

/** The result of the self test of a firmware on trial: the values of `--self-test`. */
export const SELF_TESTS = ["ok", "fail", "throw", "hang"] as const;
export type SelfTest = (typeof SELF_TESTS)[number];

/** @param how if absent, the firmware has proven itself once it has reached the cloud */
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
