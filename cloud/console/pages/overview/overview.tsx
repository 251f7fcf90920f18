import { fleet, products } from "../../api/cloud.js";
import { locale, texts } from "../../state/language.js";
import { product } from "../../state/product.js";
import { useResource } from "../../state/resource.js";
import { wholeNumber } from "../../text/numbers.js";
import { Empty } from "../../view/empty.js";
import { Head } from "../../view/head.js";
import { Link } from "../../view/link.js";
import { Problem } from "../../view/problem.js";
import { Attention } from "./attention.js";
import { Failures } from "./failures.js";
import { RunningPlans } from "./running-plans.js";
import { VersionsNow } from "./versions-now.js";
import { VersionsOverTime } from "./versions-over-time.js";

/** What a fleet is like now, and what wants attention. */
export function OverviewPage() {
  const { overview: words } = texts.value;
  const { value, error, reload } = useResource(
    (signal) => fleet.overview(product.value, signal),
    [product.value],
    ({ kind }) => kind === "plan" || kind === "presence" || kind === "health",
  );
  const { value: known } = useResource(products.list, [], ({ kind }) => kind === "presence");
  // The history is that of one product.
  const shown = product.value === "" && known?.length === 1 ? (known[0]?.productId ?? "") : product.value;
  if (value === undefined) {
    return (
      <>
        <Head title={words.title} />
        {error === undefined ? null : <Problem error={error} onRetry={reload} />}
      </>
    );
  }
  const count = (number: number): string => wholeNumber(number, locale.value);
  return (
    <>
      <Head
        title={words.title}
        facts={words.facts(count(value.devices), value.online === null ? "" : count(value.online))}
      />
      {error === undefined ? null : <Problem error={error} onRetry={reload} />}
      {value.devices === 0 ? (
        <Empty text={words.empty} command={words.command}>
          <Link to="/devices/new" class="button primary">
            {words.addDevices}
          </Link>
        </Empty>
      ) : (
        <>
          <Attention overview={value} />
          <RunningPlans plans={value.plans} />
          <div class="panels">
            <VersionsNow overview={value} />
            <Failures overview={value} />
          </div>
          <VersionsOverTime product={shown} overview={value} />
        </>
      )}
    </>
  );
}
