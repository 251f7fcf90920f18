import { get } from "node:http";

/** Begins to load a URL. `ended` says how that ended: `whole`, `cut`, or the status if it is not 200. */
export function download(url: string): { readonly begun: Promise<void>; readonly ended: Promise<string> } {
  let begin = (): void => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const ended = new Promise<string>((resolve) => {
    get(url, (response) => {
      begin();
      if (response.statusCode !== 200) resolve(String(response.statusCode));
      response.on("data", () => {});
      response.on("end", () => resolve(response.complete ? "whole" : "cut"));
      response.on("error", () => resolve("cut"));
    }).on("error", () => {
      begin();
      resolve("cut");
    });
  });
  return { begun, ended };
}
