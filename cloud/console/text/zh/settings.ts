import type { Texts } from "../en/index.js";

export const settings: Texts["settings"] = {
  title: "设置",
  retention: "历史记录",
  keepEvents: "事件保留天数",
  keepEventsHelp: "更早的事件会自动清除。计划、任务和操作记录会保留。",
  daysWrong: (least, most) => `请输入 ${least} 到 ${most} 的整数`,
  products: "产品",
  noProducts: "还没有产品：添加第一台设备时会自动创建。",
  productCommand: "ota-cloud product set --product ABCDE12345",
  change: "修改",
  chip: "芯片",
  anyChip: "不限",
  chipHelp: "其他芯片的固件会被拒绝。留空表示不限。",
  timeZone: "时区",
  registration: "动态注册",
  registrationHelp: "设备是否可用产品密钥向云端获取设备密钥。",
  registrationOf: {
    off: "关闭动态注册",
    listed: "仅限已添加的设备",
    any: "任意设备均可注册",
  },
  deviceLimit: "可自行注册的设备上限",
  secret: "产品密钥：",
  showSecret: "显示密钥",
};
