import type { Clock, Timer } from "../../hal/ports/index.js";
import { OtaError } from "../errors.js";
import type { MqttSession } from "../mqtt/session.js";
import {
  adviceFor,
  type BindProof,
  type DeviceList,
  DESCRIBE,
  encodeOperation,
  isSuccess,
  NOT_BOUND,
  type Operation,
  type OperationResult,
} from "../protocol/gateway.js";
import type { DeviceName } from "../protocol/identity.js";
import type { Sending } from "./publish-queue.js";
import { isSameDevice } from "./sub-device.js";

type Answer = OtaError | readonly DeviceName[];

/** A request to the platform that waits for its answer. */
interface PendingRequest {
  /** `undefined`: which sub-devices are bound. */
  readonly operation: Operation | undefined;
  readonly device: DeviceName | undefined;
  /** Runs from the moment the request is sent. */
  timer: Timer | undefined;
  settle(answer: Answer): void;
}

/** Longest wait for an answer, as the vendor's SDK has it. */
const ANSWER_TIMEOUT_MS = 20_000;
/** Requests of an application that may wait at once. Each takes as much of a chip's memory as several sub-devices. */
const LIMIT = 4;

/** Asks the platform about sub-devices. Requests carry no id: an answer is known by its type and device. */
export class Operations {
  readonly #session: Pick<MqttSession, "publish">;
  readonly #clock: Clock;
  readonly #topic: string;
  readonly #requests: PendingRequest[] = [];

  constructor(options: { session: Pick<MqttSession, "publish">; clock: Clock; topic: string }) {
    this.#session = options.session;
    this.#clock = options.clock;
    this.#topic = options.topic;
  }

  /** Whether so many requests wait that an application's has to wait itself. */
  get full(): boolean {
    return this.#requests.filter(({ operation }) => operation !== "online").length >= LIMIT;
  }

  /**
   * @param settle called once, never from inside this call; with `not-bound`, `gateway-refused`, `mqtt-timeout` or
   *               `connection-lost`
   * @returns sends the request when it is called: only then the wait for the answer begins
   */
  ask(
    operation: Operation,
    device: DeviceName,
    settle: (error: OtaError | undefined) => void,
    proof?: BindProof,
  ): Sending {
    const settled = (answer: Answer): void => settle(answer instanceof OtaError ? answer : undefined);
    return this.#asking(
      { operation, device, timer: undefined, settle: settled },
      encodeOperation(operation, [device], proof),
    );
  }

  /** @param settle as for `ask` */
  describe(settle: (answer: Answer) => void): Sending {
    return this.#asking({ operation: undefined, device: undefined, timer: undefined, settle }, DESCRIBE);
  }

  /** @returns sends, when it is called, a message whose answer nobody waits for */
  sending(payload: string): Sending {
    return () => this.#session.publish(this.#topic, payload);
  }

  onResult(operation: Operation, { result, ...device }: OperationResult): void {
    // The platform's document shows the answer to an unbind as a bind.
    const fits = (asked: PendingRequest["operation"]): boolean =>
      asked === operation || (asked === "unbind" && operation === "bind");
    const request = this.#requests.find(
      (asked) => fits(asked.operation) && isSameDevice(asked.device as DeviceName, device),
    );
    if (request === undefined) return;
    const code = result === NOT_BOUND ? "not-bound" : "gateway-refused";
    this.#settle(request, isSuccess(result) ? [] : new OtaError(code, `${operation}: ${adviceFor(result)}`));
  }

  /** @param find the same device as the gateway knows it: its texts are shared, for the list may be long */
  onBound(devices: DeviceList<DeviceName>, find: (device: DeviceName) => DeviceName | undefined): void {
    const request = this.#requests.find(({ operation }) => operation === undefined);
    if (request === undefined) return;
    const names: DeviceName[] = [];
    for (let device = devices.next(); device !== undefined; device = devices.next()) {
      const { productId, deviceName } = find(device) ?? device;
      names.push({ productId, deviceName });
    }
    this.#settle(request, names);
  }

  /** The connection is over. */
  close(): void {
    const lost = new OtaError("connection-lost", "the connection to the broker ended");
    for (const request of this.#requests.slice()) this.#settle(request, lost);
  }

  #asking(request: PendingRequest, payload: string): Sending {
    this.#requests.push(request);
    const send = this.sending(payload);
    return () => {
      if (!send()) return false;
      // The answer to an earlier request of the same kind may have settled it.
      if (this.#requests.includes(request)) {
        request.timer = this.#clock.timer("gateway answer", ANSWER_TIMEOUT_MS, () => this.#expire(request));
      }
      return true;
    };
  }

  #expire(request: PendingRequest): void {
    this.#settle(
      request,
      new OtaError("mqtt-timeout", `${request.operation ?? "describe"}: no answer from the platform`),
    );
  }

  #settle(request: PendingRequest, answer: Answer): void {
    request.timer?.cancel();
    const at = this.#requests.indexOf(request);
    if (at < 0) return;
    this.#requests.splice(at, 1);
    request.settle(answer);
  }
}
