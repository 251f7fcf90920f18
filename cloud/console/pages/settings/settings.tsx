import { fleet, products } from "../../api/cloud.js";
import { texts } from "../../state/language.js";
import { useResource } from "../../state/resource.js";
import { Empty } from "../../view/empty.js";
import { Head } from "../../view/head.js";
import { Problem } from "../../view/problem.js";
import { NumberSetting } from "./number-setting.js";
import { ProductSettings } from "./product-settings.js";

/** As the cloud has it, for events. */
const MOST_DAYS = 36_500;

/** How long the history is kept, what a delta must save, and the products with their dynamic registration. */
export function SettingsPage() {
  const { settings: words } = texts.value;
  const { value, error, reload } = useResource(products.list, [], ({ kind }) => kind === "presence");
  const loaded = useResource(fleet.settings, []);
  return (
    <>
      <Head title={words.title} />
      <NumberSetting
        name="keepEventsDays"
        loaded={loaded}
        title={words.retention}
        label={words.keepEvents}
        help={words.keepEventsHelp}
        least={1}
        most={MOST_DAYS}
      />
      <NumberSetting
        name="leastSavingPercent"
        loaded={loaded}
        title={words.variants}
        label={words.leastSaving}
        help={words.leastSavingHelp}
        least={0}
        most={100}
      />
      <section aria-labelledby="products">
        <h2 id="products" class="section-title">
          {words.products}
        </h2>
        {error === undefined ? null : <Problem error={error} onRetry={reload} />}
        {value?.length === 0 ? <Empty text={words.noProducts} command={words.productCommand} /> : null}
        {value?.map((product) => (
          <ProductSettings key={product.productId} product={product} onChanged={reload} />
        ))}
      </section>
    </>
  );
}
