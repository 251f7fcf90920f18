import type { Overview } from "../../../operator/types.js";
import { locale, texts } from "../../state/language.js";
import { wholeNumber } from "../../text/numbers.js";
import { Link } from "../../view/link.js";

/** How many devices run which version. */
export function VersionsNow({ overview }: { readonly overview: Overview }) {
  const { overview: words, common } = texts.value;
  const most = Math.max(1, ...overview.versions.map(({ devices }) => devices));
  const components = [...new Set(overview.versions.map(({ component }) => component))];
  return (
    <section class="panel" aria-labelledby="versions-now">
      <h2 id="versions-now">{words.versionsNow}</h2>
      {components.length === 0 ? <p class="quiet">{words.noVersions}</p> : null}
      {components.map((component) => (
        <table key={component} class="counts">
          <caption>{component}</caption>
          <thead class="hidden">
            <tr>
              <th scope="col">{common.version}</th>
              <th scope="col">{common.device}</th>
            </tr>
          </thead>
          <tbody>
            {overview.versions
              .filter((each) => each.component === component)
              .map(({ version, devices }) => (
                <tr key={version}>
                  <th scope="row">
                    <Link to={`/devices?${new URLSearchParams({ component, version }).toString()}`}>{version}</Link>
                  </th>
                  <td>
                    <span class="count-bar" style={{ width: `${Math.max(1, (devices * 100) / most)}%` }} />
                  </td>
                  <td class="numeric">{wholeNumber(devices, locale.value)}</td>
                </tr>
              ))}
          </tbody>
        </table>
      ))}
    </section>
  );
}
