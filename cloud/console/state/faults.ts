import { useEffect } from "preact/hooks";
import type { FaultRecord } from "../../faults/fault.js";
import { faults } from "../api/cloud.js";
import { type Resource, useResource } from "./resource.js";

/** A strike is no change that the cloud reports, so what has struck is asked for at this interval. */
const INTERVAL_MS = 3000;

/** The faults of the cloud. As long as one is on and the page is seen, how often they have struck is kept current. */
export function useFaults(): Resource<readonly FaultRecord[]> {
  const resource = useResource(faults.list, [], (change) => change.kind === "faults");
  const { value, reload } = resource;
  const isAnyOn = value?.some(isOn) === true;
  useEffect(() => {
    if (!isAnyOn) return;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") reload();
    }, INTERVAL_MS);
    return () => clearInterval(timer);
  }, [isAnyOn]);
  return resource;
}

/** Whether a fault can still strike. A board without power stays so until its fault is removed. */
export function isOn({ spec, struck }: FaultRecord): boolean {
  return spec.fault === "power-off" || struck < (spec.times ?? Number.POSITIVE_INFINITY);
}
