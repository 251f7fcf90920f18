/** Used by mqtt-packet for streams that can be corked: there are none here. */
export function nextTick<Argument>(callback: (argument: Argument) => void, argument: Argument): void {
  void Promise.resolve().then(() => callback(argument));
}
