import type { Texts } from "../en/index.js";

export const tokens: Texts["tokens"] = {
  title: "访问令牌",
  facts: "供人员和程序使用云端。云端只保存其哈希值。",
  forAdmins: "只有管理员可以查看令牌。",
  empty: "还没有令牌。",
  make: "新建令牌",
  role: "角色",
  roleHelp: {
    viewer: "可查看除令牌以外的所有内容。",
    operator: "还可修改设备、版本包、计划和故障。",
    admin: "还可创建令牌、设置产品、移除设备。",
  },
  nameHelp: "给谁使用：会显示在操作记录中。",
  lifetime: "有效期",
  days: (count) => `${count} 天`,
  forever: "吊销前一直有效",
  lastUsed: "最近使用",
  expires: "到期时间",
  valid: "有效",
  expired: "已过期",
  revoked: "已吊销",
  revoke: "吊销",
  revokeNamed: (name) => `吊销 ${name}`,
  revokeText: "使用者将立即被拒绝，由它登录的会话也会结束。此操作无法撤销。",
  madeTitle: "新令牌",
  madeText: "只显示这一次，请立即复制。",
};
