import { useEffect, useState } from "preact/hooks";
import type { ApiError } from "./api/request.js";
import { AuditPage } from "./pages/audit/audit.js";
import { DevicesPage } from "./pages/devices/devices.js";
import { FaultsPage } from "./pages/faults/faults.js";
import { OverviewPage } from "./pages/overview/overview.js";
import { PackagesPage } from "./pages/packages/packages.js";
import { PlansPage } from "./pages/plans/plans.js";
import { SettingsPage } from "./pages/settings/settings.js";
import { SignIn } from "./pages/sign-in/sign-in.js";
import { TokensPage } from "./pages/tokens/tokens.js";
import { locale } from "./state/language.js";
import { asApiError } from "./state/resource.js";
import { partsOf, path } from "./state/router.js";
import { loadSession, session } from "./state/session.js";
import { NotFound } from "./view/not-found.js";
import { Problem } from "./view/problem.js";
import { Shell } from "./view/shell.js";

const RETRY_MS = 3000;

/** The page: the sign-in, or the one that the path names. */
export function App() {
  const [error, setError] = useState<ApiError>();
  const [byLink] = useState(isSignInLink);
  const load = (): void => {
    // The sign-in uses the code of its link; who was signed in before does not matter then.
    if (byLink) session.value ??= null;
    else
      loadSession().then(
        () => setError(undefined),
        (thrown: unknown) => setError(asApiError(thrown)),
      );
  };
  useEffect(load, []);
  useEffect(() => {
    if (error === undefined) return;
    const timer = setTimeout(load, RETRY_MS);
    return () => clearTimeout(timer);
  }, [error]);
  useEffect(() => {
    document.documentElement.lang = locale.value;
  }, [locale.value]);
  if (session.value === null || path.value === "/login") return <SignIn />;
  if (session.value === undefined) {
    return error === undefined ? null : (
      <main class="sign-in">
        <Problem error={error} onRetry={load} />
      </main>
    );
  }
  return (
    <Shell>
      <Page />
    </Shell>
  );
}

function isSignInLink(): boolean {
  return location.pathname === "/login" && location.hash !== "";
}

function Page() {
  const [room = "", ...rest] = partsOf(path.value);
  switch (room) {
    case "":
      return <OverviewPage />;
    case "packages":
      return <PackagesPage key={rest.join("/")} rest={rest} />;
    case "plans":
      return <PlansPage key={rest.join("/")} rest={rest} />;
    case "devices":
      return <DevicesPage key={rest.join("/")} rest={rest} />;
    case "audit":
      return <AuditPage />;
    case "tokens":
      return <TokensPage />;
    case "faults":
      return <FaultsPage />;
    case "settings":
      return <SettingsPage />;
    default:
      return <NotFound />;
  }
}
