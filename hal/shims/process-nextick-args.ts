/** mqtt-packet uses this for streams that can be corked; there are no such streams here. */
export function nextTick<Argument>(callback: (argument: Argument) => void, argument: Argument): void {
  void Promise.resolve().then(() => callback(argument));
}
