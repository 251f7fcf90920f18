import { Audit } from "./audit.js";
import { BrowserSessions } from "./browser-sessions.js";
import type { Connection } from "./chunks.js";
import { Changes } from "./changes.js";
import { Components } from "./components.js";
import { Devices } from "./devices.js";
import { Events } from "./events.js";
import { FileRemovals } from "./file-removals.js";
import { Packages } from "./packages.js";
import { Plans } from "./plans.js";
import { Products } from "./products.js";
import { Samples } from "./samples.js";
import { Settings } from "./settings.js";
import { Signals } from "./signals.js";
import { TaskLists } from "./task-lists.js";
import { Summaries } from "./summaries.js";
import { Tasks } from "./tasks.js";
import { Tokens } from "./tokens.js";
import { Variants } from "./variants.js";

/** All tables, over one connection. */
export class Tables {
  readonly products: Products;
  readonly devices: Devices;
  readonly components: Components;
  readonly packages: Packages;
  readonly variants: Variants;
  readonly fileRemovals: FileRemovals;
  readonly plans: Plans;
  readonly tasks: Tasks;
  readonly taskLists: TaskLists;
  readonly events: Events;
  readonly samples: Samples;
  readonly summaries: Summaries;
  readonly audit: Audit;
  readonly tokens: Tokens;
  readonly browserSessions: BrowserSessions;
  readonly settings: Settings;
  readonly signals: Signals;
  readonly changes: Changes;

  constructor(database: Connection) {
    this.products = new Products(database);
    this.devices = new Devices(database);
    this.components = new Components(database);
    this.packages = new Packages(database);
    this.variants = new Variants(database);
    this.fileRemovals = new FileRemovals(database);
    this.plans = new Plans(database);
    this.tasks = new Tasks(database);
    this.taskLists = new TaskLists(database);
    this.events = new Events(database);
    this.samples = new Samples(database);
    this.summaries = new Summaries(database);
    this.audit = new Audit(database);
    this.tokens = new Tokens(database);
    this.browserSessions = new BrowserSessions(database);
    this.settings = new Settings(database);
    this.signals = new Signals(database);
    this.changes = new Changes(database);
  }
}
