import { products } from "../../api/cloud.js";
import { texts } from "../../state/language.js";
import { useResource } from "../../state/resource.js";
import { Empty } from "../../view/empty.js";
import { Head } from "../../view/head.js";
import { Problem } from "../../view/problem.js";
import { ProductSettings } from "./product-settings.js";
import { Retention } from "./retention.js";

/** How long the history is kept, and the products with their dynamic registration. */
export function SettingsPage() {
  const { settings: words } = texts.value;
  const { value, error, reload } = useResource(products.list, [], ({ kind }) => kind === "presence");
  return (
    <>
      <Head title={words.title} />
      <Retention />
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
