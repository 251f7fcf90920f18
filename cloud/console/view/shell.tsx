import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { connection } from "../api/live.js";
import { products } from "../api/cloud.js";
import { isOn, useFaults } from "../state/faults.js";
import { ApiError } from "../api/request.js";
import { language, setLanguage, texts } from "../state/language.js";
import { showError } from "../state/notices.js";
import { product, setProduct } from "../state/product.js";
import { useResource } from "../state/resource.js";
import { path } from "../state/router.js";
import { mayAdminister, session, signOut } from "../state/session.js";
import { wordOf } from "../text/words.js";
import { Button } from "./button.js";
import { keepFocus } from "./focus-keeper.js";
import { KeyHelp } from "./keys.js";
import { Link } from "./link.js";
import { Notices } from "./notices.js";

type PageName = "overview" | "packages" | "plans" | "devices" | "audit" | "tokens" | "faults" | "settings";

const PAGES: readonly {
  readonly name: PageName;
  readonly to: string;
  readonly sign: string;
  readonly forAdmin?: true;
}[] = [
  { name: "overview", to: "/", sign: "◎" },
  { name: "packages", to: "/packages", sign: "▣" },
  { name: "plans", to: "/plans", sign: "▷" },
  { name: "devices", to: "/devices", sign: "▤" },
  { name: "audit", to: "/audit", sign: "≡" },
  { name: "faults", to: "/faults", sign: "⚡" },
  { name: "tokens", to: "/tokens", sign: "◈", forAdmin: true },
  { name: "settings", to: "/settings", sign: "⚙" },
];

/** The frame of every page: the rail on the left, what the connection is like, and notices. */
export function Shell({ children }: { readonly children: ComponentChildren }) {
  const { shell } = texts.value;
  const [isOpen, setOpen] = useState(false);
  const content = useRef<HTMLElement>(null);
  useEffect(() => setOpen(false), [path.value]);
  useEffect(() => (content.current === null ? undefined : keepFocus(content.current)), []);
  return (
    <div class="shell">
      <a class="skip" href="#content">
        {shell.skip}
      </a>
      <header class={isOpen ? "rail rail-open" : "rail"}>
        <div class="rail-top">
          <Link to="/" class="brand">
            <img src="/icon.svg" alt="" width={20} height={20} /> moddable-ota
          </Link>
          <button type="button" class="rail-menu" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {shell.menu}
          </button>
        </div>
        <div class="rail-content">
          <ProductSwitch />
          <nav aria-label={shell.navigation}>
            <ul>
              {PAGES.filter(({ forAdmin }) => forAdmin === undefined || mayAdminister.value).map(
                ({ name, to, sign }) => (
                  <li key={name}>
                    <Link to={to} current={isWithin(to, path.value)}>
                      <span class="rail-sign" aria-hidden="true">
                        {sign}
                      </span>
                      <span class="rail-word">{shell[name]}</span>
                    </Link>
                  </li>
                ),
              )}
            </ul>
          </nav>
          <div class="rail-bottom">
            <LanguageSwitch />
            <SignedIn />
          </div>
        </div>
      </header>
      <main ref={content} id="content" tabIndex={-1}>
        <Banners />
        {children}
      </main>
      <Notices />
      <KeyHelp />
    </div>
  );
}

function isWithin(to: string, current: string): boolean {
  return to === "/" ? current === "/" : current === to || current.startsWith(`${to}/`);
}

function ProductSwitch() {
  const { common } = texts.value;
  const { value: list } = useResource(products.list, [], (change) => change.kind === "presence");
  useEffect(() => {
    // A product that is gone, or of another cloud, would hide everything.
    if (list !== undefined && product.value !== "" && !list.some(({ productId }) => productId === product.value)) {
      setProduct("");
    }
  }, [list]);
  return (
    <label class="product-switch">
      <span class="hidden">{common.product}</span>
      <select value={product.value} onChange={(event) => setProduct(event.currentTarget.value)}>
        <option value="">{common.allProducts}</option>
        {(list ?? []).map(({ productId, name }) => (
          <option key={productId} value={productId}>
            {name === "" ? productId : name}
          </option>
        ))}
      </select>
    </label>
  );
}

export function LanguageSwitch() {
  return (
    <fieldset class="languages" aria-label={texts.value.shell.language}>
      <button
        type="button"
        lang="zh-CN"
        aria-pressed={language.value === "zh"}
        onClick={() => void setLanguage("zh").catch(onLost)}
      >
        中文
      </button>
      <button
        type="button"
        lang="en"
        aria-pressed={language.value === "en"}
        onClick={() => void setLanguage("en").catch(onLost)}
      >
        English
      </button>
    </fieldset>
  );
}

/** The texts of the other language could not be loaded. */
function onLost(): void {
  showError(new ApiError({ status: 0, code: "unreachable", detail: "" }));
}

function SignedIn() {
  const { shell } = texts.value;
  if (session.value === null || session.value === undefined) return null;
  const { name, role } = session.value;
  return (
    <div class="signed-in">
      <span class="quiet">{shell.signedInAs(name, wordOf(shell.roles, role))}</span>
      <Button kind="plain" onPress={signOut}>
        {shell.signOut}
      </Button>
    </div>
  );
}

function Banners() {
  const { shell } = texts.value;
  const active = useFaults().value?.filter(isOn);
  return (
    <>
      <div role="status">{connection.value === "lost" ? <p class="banner banner-lost">{shell.lost}</p> : null}</div>
      {active !== undefined && active.length > 0 ? (
        <p class="banner banner-faults">
          <span aria-hidden="true">⚡ </span>
          {shell.faultsOn(active.length)}{" "}
          <Link to="/faults" class="banner-link">
            {shell.faultsShow}
          </Link>
        </p>
      ) : null}
    </>
  );
}
