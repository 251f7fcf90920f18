type AbortHook = (why: string, exception: unknown) => unknown;

interface WithHook {
  abort?: AbortHook;
}

/**
 * Prints the exception that ends the engine. The SDK calls the global function `abort` before it ends the process (its
 * define `xs.abortHook`), and itself prints only what kind of end it is. An application's own hook is left in place.
 *
 * @param print writes a text to the console
 */
export function reportAborts(print: (text: string) => void, global: WithHook = globalThis as WithHook): void {
  global.abort ??= (why, exception) => {
    if (exception !== undefined) print(`${why}: ${describe(exception)}\n`);
  };
}

/** An exception of any type; to describe it must not throw. */
function describe(exception: unknown): string {
  try {
    const stack = (exception as { stack?: unknown } | null)?.stack;
    return typeof stack === "string" && stack !== "" ? stack : String(exception);
  } catch {
    return "an exception that has no text";
  }
}
