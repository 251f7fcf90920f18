import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import pg from "pg";

const BIN_ROOT = "/usr/lib/postgresql";

/** Folder of the programs of the newest PostgreSQL that Debian has installed. */
function binaries(): string | undefined {
  if (!existsSync(BIN_ROOT)) return undefined;
  const newest = readdirSync(BIN_ROOT).sort((a, b) => Number(b) - Number(a))[0];
  const folder = newest === undefined ? undefined : join(BIN_ROOT, newest, "bin");
  return folder !== undefined && existsSync(join(folder, "initdb")) ? folder : undefined;
}

/** If tests must not be missed, a missing server is a failure. */
export const skipPostgres =
  process.env["CI"] === undefined && binaries() === undefined
    ? "no PostgreSQL here: install the Debian package `postgresql`"
    : false;

export interface PostgresSettings {
  /** Most connections. Default: 60. */
  readonly maxConnections?: number;
  /** Whether commits wait for the disk. Default: no, because the machine does not lose its power in a test. */
  readonly syncs?: boolean;
}

/** Refuses root, so that it runs as another user then. */
interface User {
  readonly uid?: number;
  readonly gid?: number;
}

/** A real server of PostgreSQL, as a process of its own that can die and come back at the same port. */
export class Postgres {
  readonly port: number;
  readonly #data: string;
  readonly #settings: PostgresSettings;
  readonly #user: User;
  #child: ChildProcess | undefined;
  #databases = 0;
  /** A connection that is kept while all others are taken. */
  #spare: pg.Client | undefined;

  private constructor(port: number, data: string, settings: PostgresSettings, user: User) {
    this.port = port;
    this.#data = data;
    this.#settings = settings;
    this.#user = user;
  }

  /** @param folder an empty one, in a place that every user can reach */
  static async start(folder: string, settings: PostgresSettings = {}): Promise<Postgres> {
    const user = otherUser();
    const data = join(folder, "postgres");
    mkdirSync(data, { mode: 0o700 });
    if (user.uid !== undefined && user.gid !== undefined) {
      chownSync(folder, user.uid, user.gid);
      chownSync(data, user.uid, user.gid);
    }
    const options = ["-D", data, "-U", "ota", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
    const made = spawnSync(program("initdb"), options, { ...user, encoding: "utf8", cwd: data });
    if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
    const postgres = new Postgres(await freePort(), data, settings, user);
    await postgres.begin();
    return postgres;
  }

  /** @returns the URL of a database */
  url(name = "postgres"): string {
    return `postgres://ota@127.0.0.1:${this.port}/${name}`;
  }

  /** Makes an empty database. @returns its URL */
  async database(): Promise<string> {
    this.#databases += 1;
    const name = `fleet_${this.#databases}`;
    await this.query(`create database ${name}`);
    return this.url(name);
  }

  /** Runs one statement on a connection of its own. */
  async query(text: string, name = "postgres"): Promise<readonly { readonly [column: string]: unknown }[]> {
    const client = new pg.Client({ connectionString: this.url(name) });
    await client.connect();
    try {
      return (await client.query(text)).rows as { readonly [column: string]: unknown }[];
    } finally {
      await client.end();
    }
  }

  /** @throws Error if it takes no connection within 20 s */
  async begin(): Promise<void> {
    const { maxConnections = 60 } = this.#settings;
    const settings = {
      listen_addresses: "127.0.0.1",
      port: this.port,
      unix_socket_directories: "",
      max_connections: maxConnections,
      fsync: this.#settings.syncs === true ? "on" : "off",
      shared_buffers: "32MB",
      log_min_messages: "fatal",
      superuser_reserved_connections: 1,
    };
    const flags = Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
    const child = spawn(program("postgres"), ["-D", this.#data, ...flags], {
      ...this.#user,
      stdio: "ignore",
      cwd: this.#data,
    });
    let failure: unknown = new Error("PostgreSQL takes no connection");
    child.once("error", (cause) => (failure = cause));
    this.#child = child;
    for (const end = performance.now() + 20_000; performance.now() < end; ) {
      if (child.exitCode !== null) break;
      try {
        await this.query("select 1");
        return;
      } catch (error) {
        failure = error;
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    }
    throw failure;
  }

  /** Ends it at once with all its processes, as a power cut does. */
  async end(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    // At SIGQUIT it ends its own processes without waiting for anything; at SIGKILL they would end later.
    child.kill("SIGQUIT");
    await ended;
  }

  /** This process may end before the server. @returns what ends the server at once */
  letGo(): () => void {
    this.#child?.unref();
    return () => this.#child?.kill("SIGQUIT");
  }

  /** The server's process, whose children serve the connections. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Takes all connections that are left. `fill` takes those that have become free since. */
  async exhaust(): Promise<{ fill(): Promise<void>; end(): Promise<void> }> {
    const hogs: pg.Client[] = [];
    const fill = async (): Promise<void> => {
      for (;;) {
        const client = new pg.Client({ connectionString: this.url() });
        client.on("error", () => {});
        try {
          await client.connect();
        } catch {
          return;
        }
        hogs.push(client);
      }
    };
    // One that is there already can end others.
    this.#spare = new pg.Client({ connectionString: this.url() });
    this.#spare.on("error", () => {});
    await this.#spare.connect();
    await fill();
    return {
      fill,
      end: async () => {
        await Promise.all([...hogs, ...(this.#spare === undefined ? [] : [this.#spare])].map((client) => client.end()));
        this.#spare = undefined;
      },
    };
  }

  /** Ends all connections of this name. */
  async endConnections(name: string): Promise<void> {
    await this.#spare?.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1", [
      name,
    ]);
  }
}

function program(name: string): string {
  return join(binaries() ?? BIN_ROOT, name);
}

function otherUser(): User {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = ["-u", "-g"].map((flag) =>
    Number(spawnSync("id", [flag, "postgres"], { encoding: "utf8" }).stdout),
  );
  return Number.isInteger(uid) && uid !== 0 ? { uid: uid as number, gid: gid as number } : { uid: 65534, gid: 65534 };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
