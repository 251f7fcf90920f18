import type { Role } from "../../cloud/operator/types.js";
import { writeSecret } from "../files.js";
import { type CloudChoice, withOperator } from "./operator.js";
import { say, sayJson, table, timeText } from "./text.js";

const DAY_MS = 86_400_000;

/** `ota-cloud token new`. The user has asked for this secret: it goes to standard output, or to a file. */
export async function tokenNew(
  options: CloudChoice & {
    readonly role: Role;
    readonly name: string;
    readonly days?: number;
    readonly output?: string;
    readonly json?: boolean;
  },
): Promise<void> {
  const { role, name, days, output, json, ...choice } = options;
  await withOperator(choice, "token new", async ({ operator, actor }) => {
    // The file is made before the token: a token that cannot be written would be lost.
    if (output !== undefined) writeSecret(output, "");
    const expiry = days === undefined ? {} : { expiresAt: Date.now() + days * DAY_MS };
    const made = await operator.newToken({ name, role, ...expiry }, actor);
    if (output !== undefined) writeSecret(output, `${made.token}\n`);
    if (json === true) {
      const { token, ...view } = made;
      sayJson(output === undefined ? made : view);
    } else if (output === undefined) say(made.token);
    else say(`token ${made.id} ${name}, ${role}, is in ${output}`);
  });
}

/** `ota-cloud token list` */
export async function tokenList({ json, ...choice }: CloudChoice & { readonly json?: boolean }): Promise<void> {
  await withOperator(choice, "token list", async ({ operator }) => {
    const tokens = await operator.tokens();
    if (json === true) {
      sayJson(tokens);
      return;
    }
    const rows = tokens.map(({ id, name, role, createdAt, expiresAt, lastUsedAt, revokedAt }) => [
      String(id),
      role,
      name,
      `made ${timeText(createdAt)}`,
      `used ${timeText(lastUsedAt)}`,
      revokedAt !== undefined ? `revoked ${timeText(revokedAt)}` : `expires ${timeText(expiresAt)}`,
    ]);
    for (const line of table(rows, "no tokens")) say(line);
  });
}

/** `ota-cloud token revoke` */
export async function tokenRevoke(id: number, choice: CloudChoice): Promise<void> {
  await withOperator(choice, "token revoke", async ({ operator, actor }) => {
    await operator.revokeToken(id, actor);
    say(`revoked token ${id}`);
  });
}
