import type { Texts } from "../en/index.js";

export const signIn: Texts["signIn"] = {
  title: "登录",
  token: "访问令牌",
  tokenHelp: "由管理员创建：ota-cloud token new --role operator --output token.txt",
  submit: "登录",
  linkHelp: "也可以打开 ota-cloud serve 输出的链接：一小时内有效，只能登录一次。",
  linkUsed: "该链接已使用或已过期。请使用访问令牌，或重新启动云端以获得新链接。",
  expired: "会话已结束。请重新登录，登录后回到原来的页面。",
  wrongToken: "令牌无效。请检查是否完整复制，以及是否已被吊销。",
};
