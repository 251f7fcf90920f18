import { CloudError } from "../types.js";
import {
  describeEffect,
  describeScope,
  type FaultAt,
  type FaultRecord,
  type FaultSpec,
  type FaultTarget,
  type Moment,
  MOMENTS,
} from "./fault.js";

export interface FaultListOptions {
  /** What this cloud has no use for, by moment: why such a fault cannot be added. */
  readonly impossible?: { readonly [At in Moment]?: string };
  /** Called with one line, which never holds a secret, each time that a fault strikes. */
  onStrike?(line: string): void;
  /** Called after a fault was added or removed. */
  onChange?(): void;
}

interface Entry {
  readonly id: number;
  readonly spec: FaultSpec;
  struck: number;
}

/** The faults that a running cloud has been given, in their order. They end with the cloud. */
export class FaultList {
  readonly #options: FaultListOptions;
  #entries: Entry[] = [];
  #nextId = 1;

  constructor(options: FaultListOptions = {}) {
    this.#options = options;
  }

  /** @throws CloudError if this cloud cannot have such a fault */
  check(spec: FaultSpec): void {
    const why = this.#options.impossible?.[MOMENTS[spec.fault]];
    if (why !== undefined) throw new CloudError(`${spec.fault} ${why}`);
  }

  /**
   * @param id default: the next one that is free
   * @throws CloudError if this cloud cannot have such a fault
   */
  add(spec: FaultSpec, id = this.#nextId): FaultRecord {
    this.check(spec);
    this.#nextId = Math.max(this.#nextId, id + 1);
    const entry = { id, spec, struck: 0 };
    this.#entries.push(entry);
    this.#options.onChange?.();
    return { ...entry };
  }

  /** @returns those that can still strike, and those that have struck as often as they should */
  list(): FaultRecord[] {
    return this.#entries.map((entry) => ({ ...entry }));
  }

  /**
   * Removes one fault or all of them.
   *
   * @returns how many were removed
   * @throws CloudError if there is no such fault
   */
  clear(id?: number): number {
    const kept = id === undefined ? [] : this.#entries.filter((entry) => entry.id !== id);
    const removed = this.#entries.length - kept.length;
    if (id !== undefined && removed === 0) throw new CloudError(`there is no fault ${id}`);
    this.#entries = kept;
    if (removed > 0) this.#options.onChange?.();
    return removed;
  }

  /** @returns the faults of a moment that are for this target, without a strike; also those that are spent */
  of<At extends Moment>(moment: At, target: FaultTarget): { readonly fault: FaultAt<At>; readonly spent: boolean }[] {
    return this.#entries
      .filter(({ spec }) => MOMENTS[spec.fault] === moment && fits(spec, target))
      .map(({ spec, struck }) => ({ fault: spec as FaultAt<At>, spent: struck >= (spec.times ?? Infinity) }));
  }

  /**
   * Finds the fault that strikes now, counts it and reports it.
   *
   * @param applies whether a fault would change anything here; one that would not neither strikes nor counts
   */
  strike<At extends Moment>(
    moment: At,
    target: FaultTarget,
    applies: (fault: FaultAt<At>) => boolean = () => true,
  ): FaultAt<At> | undefined {
    for (const entry of this.#entries) {
      const { spec, struck } = entry;
      if (MOMENTS[spec.fault] !== moment || struck >= (spec.times ?? Infinity) || !fits(spec, target)) continue;
      const fault = spec as FaultAt<At>;
      if (!applies(fault)) continue;
      entry.struck++;
      this.#options.onStrike?.(
        `${describeEffect(spec)} strikes ${describeTarget(target)}: ${describeRest({ ...entry })}`,
      );
      return fault;
    }
    return undefined;
  }
}

/** @returns how often a fault will still strike */
export function describeRest({ spec: { times }, struck }: FaultRecord): string {
  return times === undefined ? "until it is cleared" : `${times - struck} left`;
}

function fits({ product, device }: FaultSpec, { productId, deviceName }: FaultTarget): boolean {
  return (product === undefined || product === productId) && (device === undefined || device === deviceName);
}

function describeTarget({ productId, deviceName }: FaultTarget): string {
  if (productId === undefined) return "a connection";
  return describeScope({ product: productId, ...(deviceName === undefined ? {} : { device: deviceName }) });
}
