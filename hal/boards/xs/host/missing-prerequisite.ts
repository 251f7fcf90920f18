/** What must be installed before the host can be built: one line, and no more to say. */
export class MissingPrerequisite extends Error {
  override readonly name = "MissingPrerequisite";
  override stack = this.message;
}
