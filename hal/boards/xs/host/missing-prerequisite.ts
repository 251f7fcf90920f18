/** Something must be installed before the host can be built. The message is one line; the stack adds nothing to it. */
export class MissingPrerequisite extends Error {
  override readonly name = "MissingPrerequisite";
  override stack = this.message;
}
