import { useEffect, useState } from "preact/hooks";
import type { ApiError } from "../../api/request.js";
import { texts } from "../../state/language.js";
import { asApiError } from "../../state/resource.js";
import { navigate, path } from "../../state/router.js";
import { hasExpired, signIn } from "../../state/session.js";
import { TextField } from "../../view/field.js";
import { ProblemText } from "../../view/problem.js";
import { LanguageSwitch } from "../../view/shell.js";

/** The page for whoever is not signed in. The link of the cloud carries a code behind `#`, which no server sees. */
export function SignIn() {
  const { signIn: words } = texts.value;
  const [token, setToken] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const [wasCode, setWasCode] = useState(false);
  const enter = async (proof: { readonly code: string } | { readonly token: string }): Promise<void> => {
    setBusy(true);
    setWasCode("code" in proof);
    try {
      await signIn(proof);
      if (path.value === "/login") navigate("/");
    } catch (thrown) {
      setError(asApiError(thrown));
      setBusy(false);
    }
  };
  useEffect(() => {
    document.title = `${words.title} · ${texts.value.shell.title}`;
    const code = location.pathname === "/login" ? location.hash.slice(1) : "";
    if (code === "") return;
    // The code is good for nothing any more, and has no place in the history.
    history.replaceState(null, "", "/login");
    void enter({ code });
  }, []);
  const refused = error?.status === 401 || error?.code === "invalid";
  return (
    <main class="sign-in">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void enter({ token: token.trim() });
        }}
      >
        <h1 class="sign-in-mark">
          <img src="/icon.svg" alt="" width={24} height={24} /> moddable-ota
        </h1>
        {hasExpired.value ? <p role="status">{words.expired}</p> : null}
        {error === undefined ? null : (
          <p class="field-error" role="alert">
            {refused ? wasCode ? words.linkUsed : words.wrongToken : <ProblemText error={error} />}
          </p>
        )}
        <TextField label={words.token} type="password" value={token} onValue={setToken} help={words.tokenHelp} />
        <button type="submit" class="button primary" disabled={isBusy || token.trim() === ""}>
          {words.submit}
        </button>
        <p class="quiet">{words.linkHelp}</p>
        <LanguageSwitch />
      </form>
    </main>
  );
}
