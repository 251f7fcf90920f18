import type { Texts } from "../en/index.js";

export const audit: Texts["audit"] = {
  title: "操作记录",
  facts: "所有变更，最新的在前。记录不可删除。",
  actor: "操作者",
  action: "操作",
  subject: "对象",
  origin: "来源",
};
