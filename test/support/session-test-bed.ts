import type { Connector, Random } from "../../hal/ports/index.js";
import type { OtaError } from "../../src/errors.js";
import type { MqttSessionOptions } from "../../src/mqtt/options.js";
import { MqttSession } from "../../src/mqtt/session.js";
import { connack, type Sent, sentPackets } from "./broker-packets.js";
import { CollectedLog } from "./log.js";
import { MemoryConnector, type MemoryPeer } from "./memory-network.js";
import { VirtualClock } from "./virtual-clock.js";

/** Draws the same fraction each time: 0 is the shortest wait, just under 1 the longest. */
export function constantRandom(fraction: number): Random {
  return {
    fill: (into) => {
      const word = Math.min(0xffffffff, Math.floor(fraction * 0x100000000));
      for (let index = 0; index < into.byteLength; index++) into[index] = (word >>> (24 - 8 * (index % 4))) & 0xff;
    },
  };
}

/** An MQTT session whose network and time the test controls. */
export class SessionTestBed {
  readonly connector = new MemoryConnector();
  readonly clock = new VirtualClock();
  readonly logged = new CollectedLog();
  /** `open`, `closed mqtt-timeout`, `message topic payload`, in order. */
  readonly events: string[] = [];
  readonly errors: OtaError[] = [];
  readonly session: MqttSession;
  connections = 0;
  onEvent: (event: string) => void = () => {};

  constructor(options: Partial<MqttSessionOptions> & { connector?: Connector } = {}) {
    const note = (event: string): void => {
      this.events.push(event);
      this.onEvent(event);
    };
    this.session = new MqttSession({
      connector: this.connector,
      clock: this.clock,
      random: constantRandom(0),
      log: this.logged.log,
      server: { host: "broker.test", port: 1883, tls: undefined },
      keepaliveSeconds: 120,
      credentials: () => ({ clientId: "client", username: `user-${++this.connections}`, password: "password" }),
      onOpen: () => note("open"),
      onClosed: (error) => {
        this.errors.push(error);
        note(`closed ${error.code}`);
      },
      onMessage: (topic, payload) => note(`message ${topic} ${Buffer.from(payload).toString("latin1")}`),
      ...options,
    });
  }

  get peer(): MemoryPeer {
    return this.connector.peer;
  }

  /** A session that is connected and accepted, after the test has taken the bytes sent so far. */
  static opened(options: Partial<MqttSessionOptions> = {}): SessionTestBed {
    const bed = new SessionTestBed(options);
    bed.session.start();
    bed.greet();
    return bed;
  }

  /** The newest connection is made and accepted by the broker. */
  greet(): void {
    this.peer.accept();
    this.peer.take();
    this.peer.send(connack());
  }

  /** The packets sent since the last call. */
  sent(): Sent[] {
    return sentPackets(this.peer.take());
  }
}
