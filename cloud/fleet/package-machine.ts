import type { PackageAnswer, PackageEffect, PackageEvent, PackageState, PackageStep } from "./package-types.js";

type Refusal = Extract<PackageAnswer, { kind: "refused" }>["because"];

const TAKEN = Object.freeze({ kind: "taken" });

/** The whole life of a package, pure: same state and event, same step. */
export function transition(state: PackageState, event: PackageEvent): PackageStep {
  switch (state.name) {
    case "uploaded":
    case "rejected":
      return inUnverified(state, event);
    case "verifying":
      return inVerifying(state, event);
    case "verified":
      return inVerified(state, event);
    case "withdrawn":
      return inWithdrawn(state, event);
    default:
      return unreachable(state);
  }
}

/** A rejected package may be tried on another device, or on a mended one. */
function inUnverified(state: PackageState, event: PackageEvent): PackageStep {
  switch (event.type) {
    case "verification-commanded": {
      const { deviceName } = event;
      return take({ name: "verifying", deviceName }, [
        { do: "start-verification", deviceName },
        record("verification-started", deviceName),
      ]);
    }
    case "withdrawal-commanded":
      return withdraw(event.reason, []);
    case "abandonment-commanded":
      return refuse(state, "no-verification-runs");
    case "task-succeeded":
    case "task-failed":
      return ignore(state);
    default:
      return unreachable(event);
  }
}

function inVerifying(state: Extract<PackageState, { name: "verifying" }>, event: PackageEvent): PackageStep {
  const { deviceName } = state;
  switch (event.type) {
    case "verification-commanded":
      return refuse(state, "verification-runs");
    case "abandonment-commanded":
      return take({ name: "uploaded" }, [{ do: "cancel-verification" }, record("verification-abandoned", deviceName)]);
    case "task-succeeded":
      return take({ name: "verified", deviceName }, [record("verified", deviceName)]);
    case "task-failed": {
      const { reason, detail } = event;
      return take({ name: "rejected", deviceName, reason, detail }, [record("rejected", `${reason} ${detail}`)]);
    }
    case "withdrawal-commanded":
      return withdraw(event.reason, [{ do: "cancel-verification" }]);
    default:
      return unreachable(event);
  }
}

function inVerified(state: PackageState, event: PackageEvent): PackageStep {
  switch (event.type) {
    case "verification-commanded":
      return refuse(state, "verified-already");
    case "withdrawal-commanded":
      return withdraw(event.reason, []);
    case "abandonment-commanded":
      return refuse(state, "no-verification-runs");
    case "task-succeeded":
    case "task-failed":
      return ignore(state);
    default:
      return unreachable(event);
  }
}

/** The end: its version can be uploaded again as a new package. */
function inWithdrawn(state: PackageState, event: PackageEvent): PackageStep {
  switch (event.type) {
    case "verification-commanded":
    case "abandonment-commanded":
    case "withdrawal-commanded":
      return refuse(state, "withdrawn");
    case "task-succeeded":
    case "task-failed":
      return ignore(state);
    default:
      return unreachable(event);
  }
}

function withdraw(reason: string, first: readonly PackageEffect[]): PackageStep {
  return take({ name: "withdrawn", reason }, [...first, { do: "halt-plans" }, record("withdrawn", reason)]);
}

function record(what: string, detail: string): PackageEffect {
  return { do: "record", what, detail };
}

function take(state: PackageState, effects: readonly PackageEffect[]): PackageStep {
  return { state, effects, answer: TAKEN };
}

function ignore(state: PackageState): PackageStep {
  return { state, effects: [], answer: { kind: "ignored", because: "no-verification-runs" } };
}

function refuse(state: PackageState, because: Refusal): PackageStep {
  return { state, effects: [], answer: { kind: "refused", because } };
}

function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
