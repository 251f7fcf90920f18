import { Audit } from "./audit.js";
import type { Connection } from "./chunks.js";
import { Components } from "./components.js";
import { Devices } from "./devices.js";
import { Events } from "./events.js";
import { Packages } from "./packages.js";
import { Plans } from "./plans.js";
import { Products } from "./products.js";
import { Settings } from "./settings.js";
import { Tasks } from "./tasks.js";
import { Tokens } from "./tokens.js";

/** All tables, over one connection. */
export class Tables {
  readonly products: Products;
  readonly devices: Devices;
  readonly components: Components;
  readonly packages: Packages;
  readonly plans: Plans;
  readonly tasks: Tasks;
  readonly events: Events;
  readonly audit: Audit;
  readonly tokens: Tokens;
  readonly settings: Settings;

  constructor(database: Connection) {
    this.products = new Products(database);
    this.devices = new Devices(database);
    this.components = new Components(database);
    this.packages = new Packages(database);
    this.plans = new Plans(database);
    this.tasks = new Tasks(database);
    this.events = new Events(database);
    this.audit = new Audit(database);
    this.tokens = new Tokens(database);
    this.settings = new Settings(database);
  }
}
