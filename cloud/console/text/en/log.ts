/** The log of a device. */
export const log = {
  title: "Log",
  platform: "Platform",
  device: "Device",
  legend: "Left: what the platform has sent. Right: what the device has reported. In the middle: what was decided.",
  nothing: "Nothing was sent or reported yet.",
  attempt: (count: number) => `try ${count}`,
  inSeconds: (count: number) => `in ${count} s`,
  tasks: (count: number) => (count === 1 ? "1 task" : `${count} tasks`),
  bad: (count: number, ended: number) => `${count} of ${ended} failed or are silent`,
  plan: (id: number) => `plan ${id}`,
  package: (id: number) => `package ${id}`,
  by: (actor: string) => `by ${actor}`,
  reconnected: "after a reconnect",
  showAll: "Show all",
};
