/** Codes of what keeps a process from its work; empty if nothing does. */
export type Readiness = () => readonly string[];

/** Where load balancers and supervisors look, without a sign-in: it says how the process is, and nothing else. */
const LIVE_PATH = "/healthz";
const READY_PATH = "/readyz";

/**
 * @returns the answer if this is one of the two paths. `/healthz`: the process runs and answers; whoever restarts it
 * for another reason makes things worse. `/readyz`: it can do its work, so that requests may be sent to it.
 */
export function healthAnswer(
  path: string,
  readiness: Readiness,
): { readonly status: number; readonly type: "application/json"; readonly body: string } | undefined {
  if (path === LIVE_PATH) return { status: 200, type: "application/json", body: JSON.stringify({ live: true }) };
  if (path !== READY_PATH) return undefined;
  const problems = readiness();
  const ready = problems.length === 0;
  return { status: ready ? 200 : 503, type: "application/json", body: JSON.stringify({ ready, problems }) };
}
