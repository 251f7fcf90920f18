import type { XsWorkerOptions } from "../../hal/boards/xs/worker.js";

/** A worker in Node that does what the test says: `say(text)` sends bytes, `heard(text)` is told of some. */
export function fakeWorker(program: string): Pick<XsWorkerOptions, "binary" | "args"> {
  const begin = `
    const { createReadStream, writeSync } = require("node:fs");
    const say = (text) => writeSync(4, text);
    let heard = () => {};
    createReadStream("", { fd: 3 }).on("data", (bytes) => heard(bytes.toString()));`;
  return { binary: process.execPath, args: ["-e", `${begin}\n${program}`] };
}
