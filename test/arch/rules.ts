import assert from "node:assert/strict";
import type { Import } from "./imports.js";

/**
 * The rooms of `src`. A room may import the rooms in the lines before its own, and no other room of its own line.
 * docs/architecture.md shows this table.
 */
export const LAYERS: readonly (readonly string[])[] = [
  ["lib"],
  ["errors"],
  ["protocol", "http", "image", "mqtt"],
  ["update"],
  ["staging", "plans", "control", "registration", "package", "seal"],
  ["components", "gateway", "application-mqtt"],
  ["agent"],
  ["index"],
];

/** Rooms that an application imports and hands to the agent. */
const PARTS = ["plans", "components", "control", "gateway", "application-mqtt", "registration", "package", "seal"];

export interface ImportRule {
  /** One sentence: the name of the test, and a line of docs/architecture.md. */
  readonly says: string;
  /** Called for each import of the whole project. */
  holds(found: Import): boolean;
  /** Imports that it refuses: `file target`, with `type` before an import of types alone. */
  readonly refuses: readonly string[];
}

const inside = (path: string, folder: string): boolean => path.startsWith(folder);

/**
 * Who may import whom: the one table. A test enforces each rule, and another one compares docs/architecture.md with it.
 */
export const RULES: readonly ImportRule[] = [
  {
    says: "A room of `src` imports only the rooms in the lines before its own.",
    holds: ({ file, target }) => {
      if (!inside(file, "src/") || !inside(target, "src/")) return true;
      const [from, to] = [roomOf(file), roomOf(target)];
      return from === to || layerOf(to) < layerOf(from);
    },
    refuses: ["src/http/url.ts src/image/digest", "src/lib/bytes.ts src/errors"],
  },
  {
    says: "`src/agent` and `src/index.ts` import only types of the parts (`plans`, `components`, `control`, `gateway`, `application-mqtt`, `registration`, `package`, `seal`): only an application imports a part.",
    holds: ({ file, target, typeOnly }) => {
      if (!inside(file, "src/") || !["agent", "index"].includes(roomOf(file)) || !inside(target, "src/")) return true;
      return typeOnly || !PARTS.includes(roomOf(target));
    },
    refuses: ["src/agent/agent.ts src/gateway/gateway"],
  },
  {
    says: "`src` imports only types from `hal`, and only from `hal/ports`.",
    holds: ({ file, target, typeOnly }) =>
      !inside(file, "src/") || !inside(target, "hal/") || (inside(target, "hal/ports/") && typeOnly),
    refuses: ["type src/update/driver.ts hal/http/client", "src/update/driver.ts hal/ports/errors"],
  },
  {
    says: "`src/update/machine` imports `src/errors.ts` and its own files. It imports everything else as types only, and from `hal/ports` only `BootStatus`: it has no port and no clock.",
    holds: ({ file, target, names, typeOnly }) => {
      if (!inside(file, "src/update/machine/")) return true;
      if (inside(target, "hal/")) return typeOnly && names.join() === "BootStatus";
      return typeOnly || target === "src/errors" || inside(target, "src/update/machine/");
    },
    refuses: ["src/update/machine/moves.ts src/lib/jitter", "type src/update/machine/moves.ts hal/ports/system"],
  },
  {
    says: "`hal/ecma419`, `hal/http` and `hal/ports` each import only their own files and `hal/ports`.",
    holds: ({ file, target }) => {
      const room = /^hal\/(ecma419|http|ports)\//.exec(file)?.[0];
      return room === undefined || inside(target, room) || inside(target, "hal/ports/");
    },
    refuses: ["type hal/ecma419/flash.ts src/errors", "hal/http/client.ts hal/ecma419/flash"],
  },
  {
    says: "`hal/shims` imports only its own files and `src/lib`.",
    holds: ({ file, target }) =>
      !inside(file, "hal/shims/") || inside(target, "hal/shims/") || inside(target, "src/lib/"),
    refuses: ["hal/shims/bl.ts src/errors", "type hal/shims/bl.ts hal/ports/network", "hal/shims/bl.ts node:buffer"],
  },
  {
    says: "From `hal`, a board imports only `hal/ecma419`, `hal/http`, `hal/ports` and other boards.",
    holds: ({ file, target }) =>
      !inside(file, "hal/boards/") || !inside(target, "hal/") || /^hal\/(ecma419|http|ports|boards)\//.test(target),
    refuses: ["hal/boards/sim/tcp.ts hal/shims/bl"],
  },
  {
    says: "A board imports `src` only in its `main.ts`.",
    holds: ({ file, target }) =>
      !inside(file, "hal/boards/") || !inside(target, "src/") || /^hal\/boards\/([a-z0-9]+\/)?main\.ts$/.test(file),
    refuses: ["type hal/boards/sim/board.ts src/errors"],
  },
  {
    says: "`hal/boards/xs/guest` runs inside the engine. It imports the bundles of the agent, its own files, `hal/boards/sub-device-link.ts`, and types of `hal/ecma419`.",
    holds: ({ file, target, typeOnly }) => {
      if (!inside(file, "hal/boards/xs/guest/")) return true;
      if (
        /^moddable-ota(\/(control|gateway|mqtt|packages|plans|registration|seal))?$/.test(target) ||
        inside(target, "hal/boards/xs/guest/")
      )
        return true;
      if (target === "hal/boards/sub-device-link") return true;
      return typeOnly && inside(target, "hal/ecma419/");
    },
    refuses: ["hal/boards/xs/guest/main.ts hal/boards/xs/files", "hal/boards/xs/guest/main.ts hal/ecma419/flash"],
  },
  {
    says: "From outside of the project, `src` imports two packages: `mqtt-packet` in `src/mqtt/codec.ts`, and `spark-md5` in `src/image/digest.ts`.",
    holds: ({ file, target }) => {
      if (target === "spark-md5") return file === "src/image/digest.ts";
      if (!inside(file, "src/") || inside(target, "src/") || inside(target, "hal/")) return true;
      return target === "mqtt-packet" && file === "src/mqtt/codec.ts";
    },
    refuses: ["src/mqtt/session.ts mqtt-packet", "hal/boards/sim/digest.ts spark-md5", "src/lib/bytes.ts node:buffer"],
  },
  {
    says: "Only `hal/boards/esp32` and `hal/boards/lin` import modules of the Moddable SDK.",
    holds: ({ file, target }) =>
      !/^(embedded:.*|mc\/.*|crypt|modules|net|time|timer)$/.test(target) || /^hal\/boards\/(esp32|lin)\//.test(file),
    refuses: ["hal/boards/sim/platform.ts embedded:io/socket/tcp", "hal/http/client.ts time"],
  },
  {
    says: "Only boards that run in the engine (`hal/boards/esp32`, `hal/boards/lin`, `hal/boards/xs/guest`) import the agent by its published name.",
    holds: ({ file, target }) =>
      !target.startsWith("moddable-ota") || /^hal\/boards\/(xs\/guest|esp32|lin)\//.test(file),
    refuses: ["cli/start.ts moddable-ota/plans"],
  },
  {
    says: "Only `hal/boards/sim`, `hal/boards/xs` (not its `guest`), `cloud`, `cli`, `test` and `bench` import modules of Node.",
    holds: ({ file, target }) =>
      !target.startsWith("node:") || /^(hal\/boards\/(sim|xs(?!\/guest))|cloud|cli|test|bench)\//.test(file),
    refuses: ["hal/ecma419/flash.ts node:fs", "hal/boards/xs/guest/main.ts node:fs"],
  },
  {
    says: "A folder `fleet` of `cloud` imports nothing but itself.",
    holds: ({ file, target }) => !inside(file, "cloud/fleet/") || inside(target, "cloud/fleet/"),
    refuses: ["cloud/fleet/task.ts cloud/store", "cloud/fleet/window.ts node:fs", "type cloud/fleet/task.ts hono"],
  },
  {
    says: "`cloud/console` reaches the rest of the cloud by HTTP only. It imports its own files, types of `cloud/operator/types.ts` and `cloud/faults/fault.ts`, and `preact` and `@preact/signals`, which nothing else imports.",
    holds: ({ file, target, typeOnly }) => {
      const isOfPage = /^(preact|@preact\/signals)(\/|$)/.test(target);
      if (!inside(file, "cloud/console/")) return !isOfPage;
      if (isOfPage || inside(target, "cloud/console/")) return true;
      return typeOnly && ["cloud/operator/types", "cloud/faults/fault"].includes(target);
    },
    refuses: [
      "cloud/console/main.tsx cloud/store",
      "cloud/console/main.tsx cloud/operator/types",
      "type cloud/console/main.tsx cloud/fleet/types",
      "cloud/console/main.tsx node:fs",
      "cloud/api/page.ts preact",
    ],
  },
  {
    says: "Only `cloud/store` imports a database: `libsql`, `pg` and `kysely`. Tests speak to a server by `pg` as well.",
    holds: ({ file, target }) =>
      !/^(libsql|pg|kysely)(\/|$)/.test(target) ||
      inside(file, "cloud/store/") ||
      (target === "pg" && inside(file, "test/")),
    refuses: ["cloud/api/plans.ts libsql", "cloud/platform/platform.ts kysely"],
  },
  {
    says: "From the project, `cloud/api` imports only its own files, `cloud/operator/types.ts`, `cloud/types.ts`, and types of `cloud/faults`: it never sees the store.",
    holds: ({ file, target, typeOnly }) => {
      if (!inside(file, "cloud/api/") || !/^(bench|cli|cloud|hal|src|test)\//.test(target)) return true;
      if (inside(target, "cloud/api/") || ["cloud/operator/types", "cloud/types"].includes(target)) return true;
      return typeOnly && inside(target, "cloud/faults/");
    },
    refuses: [
      "cloud/api/app.ts cloud/store/store",
      "type cloud/api/client.ts cloud/operator/operator",
      "cloud/api/client.ts cloud/faults/fault",
    ],
  },
  {
    says: "Only `test` and `bench` import `test`. Only `cli`, `test` and `bench` import `cli`. Only `cloud`, `cli`, `test` and `bench` import `cloud`.",
    holds: ({ file, target }) => {
      if (inside(target, "test/")) return /^(test|bench)\//.test(file);
      if (inside(target, "cli/")) return /^(cli|test|bench)\//.test(file);
      return !inside(target, "cloud/") || /^(cloud|cli|test|bench)\//.test(file);
    },
    refuses: ["cli/start.ts test/support/root", "cloud/store.ts cli/files", "hal/boards/main.ts cloud/store"],
  },
];

/** The block of docs/architecture.md between its two marks. */
export function rulesDocument(): string {
  const layers = LAYERS.map((rooms) => rooms.join("  "));
  return ["```", ...layers, "```", "", ...RULES.map(({ says }) => `- ${says}`)].join("\n");
}

function roomOf(path: string): string {
  const [, room = ""] = path.replace(/\.ts$/, "").split("/");
  return room;
}

function layerOf(room: string): number {
  const layer = LAYERS.findIndex((rooms) => rooms.includes(room));
  assert.ok(layer >= 0, `no room of src: ${room}`);
  return layer;
}
