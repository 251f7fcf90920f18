/** A span of the day in minutes since midnight: `from` is in it, `to` is not. Where `to` comes first, midnight lies between. */
export interface Window {
  readonly from: number;
  readonly to: number;
}
