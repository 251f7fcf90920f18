import { Desk } from "../../cloud/operator/desk.js";
import type { CloudService } from "../../cloud/types.js";
import { type CloudChoice, withOperator } from "./operator.js";

/** Opens the cloud for one of the commands that are older than plans. */
export function withService<Result>(
  choice: CloudChoice,
  command: string,
  body: (service: CloudService) => Promise<Result>,
  { mayMake = false }: { readonly mayMake?: boolean } = {},
): Promise<Result> {
  return withOperator(choice, command, ({ operator, actor }) => body(new Desk(operator, actor)), { mayMake });
}
