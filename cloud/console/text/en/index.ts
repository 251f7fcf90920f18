import { audit } from "./audit.js";
import { codes } from "./codes.js";
import { common } from "./common.js";
import { devices } from "./devices.js";
import { faults } from "./faults.js";
import { log } from "./log.js";
import { overview } from "./overview.js";
import { packages } from "./packages.js";
import { planForm } from "./plan-form.js";
import { plans } from "./plans.js";
import { settings } from "./settings.js";
import { shell } from "./shell.js";
import { signIn } from "./sign-in.js";
import { tokens } from "./tokens.js";

/** All that the page says in English. The Chinese has the same keys: the compiler compares them. */
export const en = {
  audit,
  codes,
  common,
  devices,
  faults,
  log,
  overview,
  packages,
  planForm,
  plans,
  settings,
  shell,
  signIn,
  tokens,
};

export type Texts = typeof en;
