import { printableJson } from "../../cloud/api/printable.js";
import { type CloudChoice, withOperator } from "./operator.js";
import { each, say, sayJson, timeText } from "./text.js";

/** `ota-cloud audit` */
export async function audit({ json, ...choice }: CloudChoice & { readonly json?: boolean }): Promise<void> {
  await withOperator(choice, "audit", async ({ operator }) => {
    for await (const entry of each((page) => operator.audit(page))) {
      if (json === true) {
        sayJson(entry);
        continue;
      }
      const { at, actor, origin, action, subject, detail } = entry;
      const more = Object.keys(detail).length === 0 ? "" : `  ${printableJson(detail)}`;
      say(`${timeText(at)}  ${actor} (${origin})  ${action} ${subject}${more}`);
    }
  });
}
