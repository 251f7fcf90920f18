import type { XsWorkerOptions } from "../../hal/boards/xs/worker.js";

/**
 * A worker in Node that runs the test's code: `say(text)` sends bytes, and `heard(text)` is called with bytes that
 * came.
 */
export function fakeWorker(program: string): Pick<XsWorkerOptions, "binary" | "args"> {
  const begin = `
    const { createReadStream, writeSync } = require("node:fs");
    const say = (text) => writeSync(4, text);
    let heard = () => {};
    createReadStream("", { fd: 3 }).on("data", (bytes) => heard(bytes.toString()));`;
  return { binary: process.execPath, args: ["-e", `${begin}\n${program}`] };
}
