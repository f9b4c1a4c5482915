/** Shows how saving stands, in a live region. */
import { make } from "./elements.js";

const LOOKS = {
  idle: ["good", "pass", () => ""],
  waiting: ["draft", "draft", ({ count }) => `${count} 处未存，稍后自动保存`],
  sending: ["draft", "draft", ({ count }) => `正在保存 ${count} 处`],
  saved: ["good", "pass", ({ savedAt }) => `${showTime(savedAt)} 已自动保存`],
  tried: ["good", "info", () => "预览：填什么都不保存"],
  held: ["error", "error", ({ held }) => `${held} 处还没有存：请先改正`],
  offline: ["error", "error", ({ count }) => `连不上服务器，${count} 处还没存。填的都在这台电脑上，连上后自动补存`],
  login: ["warn", "lock", () => "登录已过期，填的内容没有丢。"],
  refused: ["error", "error", ({ message }) => message || "服务器没有接受，填的内容没有丢"],
};

export function showStatus(element, status, login) {
  const state = status.state === "saved" && status.held ? "held" : status.state;
  const [style, icon, sentence] = LOOKS[state];
  const text = sentence(status);
  element.className = `saved is-${style}`;
  element.dataset.state = state;
  element.replaceChildren(
    ...(text ? [make("i", { class: `i i-${icon}`, "aria-hidden": "true" }), text] : []),
    ...(state === "login" && login ? [make("a", { class: "link", href: loginAddress(login) }, "重新登录")] : []),
  );
}

function loginAddress(login) {
  const back = encodeURIComponent(location.pathname + location.search);
  return `${login}${login.includes("?") ? "&" : "?"}next=${back}`;
}

/** The time of day of a moment the server names, or of now. */
export function showTime(moment) {
  const given = new Date(moment ?? NaN);
  const time = Number.isNaN(given.getTime()) ? new Date() : given;
  return time.toTimeString().slice(0, 8);
}
