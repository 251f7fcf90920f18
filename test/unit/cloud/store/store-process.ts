import { fileURLToPath } from "node:url";
import { FleetStore } from "../../../../cloud/store/fleet-store.js";
import { StorageError } from "../../../../cloud/store/storage-error.js";

/** A program that uses a store, for the tests that end it or limit it. */
export const STORE_PROCESS = fileURLToPath(import.meta.url);

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Takes the folder, says so, and keeps it until it is ended. */
async function hold(folder: string): Promise<void> {
  try {
    await FleetStore.open({ folder });
    say("held");
    setInterval(() => {}, 60_000);
  } catch (error) {
    say((error as Error).message);
  }
}

/** Writes numbers, each as two settings, and says each number that is stored. It ends only if it is ended. */
async function write(folder: string, start: number): Promise<void> {
  const store = await FleetStore.open({ folder, groupDelayMs: 2, database: { checkpointPages: 50 } });
  say("begun");
  for (let number = start; ; ) {
    const group = Array.from({ length: 1 + (number % 7) }, async () => {
      const mine = number++;
      await store.enqueue(async (tables) => {
        await tables.settings.set(`a ${mine}`, String(mine));
        await tables.settings.set(`b ${mine}`, String(mine));
      });
      say(String(mine));
    });
    await Promise.all(group);
  }
}

/** Writes until the storage refuses it, and then something small until that is stored again. */
async function fill(folder: string): Promise<void> {
  const store = await FleetStore.open({ folder, groupDelayMs: 1 });
  try {
    for (let number = 0; number < 500; number += 1) {
      await store.enqueue((tables) => tables.settings.set(`key ${number}`, "x".repeat(4000)));
    }
    say("never refused");
  } catch (error) {
    const { health } = store;
    say(`${error instanceof StorageError ? error.code : String(error)} ${health.ok ? "ok" : health.code}`);
    say(`${(await store.tables.settings.get("key 0"))?.length}`);
  }
  process.exit();
}

const [, program, command, folder = "", number = "0"] = process.argv;
if (program === STORE_PROCESS) {
  process.on("SIGXFSZ", () => {});
  if (command === "hold") await hold(folder);
  else if (command === "write") await write(folder, Number(number));
  else await fill(folder);
}
