/** The pages whose shell blocks run, in the order in which a reader meets them. The first one installs. */
export const PAGES: readonly string[] = [
  "README.md",
  "docs/getting-started.md",
  "docs/application.md",
  "docs/board.md",
  "docs/plans.md",
  "docs/components.md",
  "docs/gateway.md",
  "docs/packages.md",
  "docs/cloud.md",
  "docs/rollouts.md",
  "docs/simulated-board.md",
  "docs/registration.md",
];
