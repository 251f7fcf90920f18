export const audit = {
  title: "Audit",
  facts: "Every change, newest first. Nothing here can be removed.",
  actor: "Who",
  action: "What",
  subject: "To what",
  origin: "From",
};
