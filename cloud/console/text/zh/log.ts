import type { Texts } from "../en/index.js";

export const log: Texts["log"] = {
  title: "日志",
  platform: "平台",
  device: "设备",
  legend: "左侧为平台下发的内容，右侧为设备上报的内容，中间为平台的判定。",
  nothing: "暂无下发或上报记录。",
  attempt: (count) => `第 ${count} 次尝试`,
  inSeconds: (count) => `${count} 秒后`,
  tasks: (count) => `${count} 个任务`,
  bad: (count, ended) => `已结束 ${ended} 台，其中 ${count} 台失败或无响应`,
  plan: (id) => `计划 ${id}`,
  package: (id) => `版本包 ${id}`,
  by: (actor) => `操作人：${actor}`,
  reconnected: "重新连接之后",
  showAll: "显示全部",
};
