// Small things every part of the page needs: nodes, plain text, dates. Text is only ever put in as text.

export const $ = (id) => document.getElementById(id);

export function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

export function button(className, label, onclick) {
  const node = el("button", className, label);
  node.type = "button";
  node.onclick = onclick;
  return node;
}

export function link(address, label) {
  // Only these may be followed: a message must not be able to run anything in this page.
  if (!/^(https?|mailto):/i.test(address)) return el("span", "", label ?? address);
  const node = el("a", "", label ?? address);
  node.href = address;
  node.target = "_blank";
  node.rel = "noopener noreferrer";
  return node;
}

function decode(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

const nameIn = (list, id) => list.find((entry) => entry.id === id)?.name ?? id;

// Text without any markup, for titles, labels, and where nothing can be drawn.
export function plain(text, names) {
  const resolved = String(text ?? "").replace(/<([@#]|!subteam\^)?([^>|]+)(?:\|([^>]*))?>/g, (whole, kind, body, label) => {
    if (kind === "@" && names) return `@${nameIn(names.users, body)}`;
    if (kind === "#" && names) return `#${nameIn(names.channels, body)}`;
    if (kind && names) return `@${nameIn(names.groups, body)}`;
    return label || body;
  });
  return decode(resolved);
}

const DATES = {
  date_num: (at) => at.toISOString().slice(0, 10),
  date_slash: (at) => at.toLocaleDateString("en-US"),
  date: (at) => at.toLocaleDateString("en-US", { dateStyle: "long" }),
  date_short: (at) => at.toLocaleDateString("en-US", { dateStyle: "medium" }),
  date_long: (at) => at.toLocaleDateString("en-US", { dateStyle: "full" }),
  time: (at) => at.toLocaleTimeString("en-US", { timeStyle: "short" }),
  time_secs: (at) => at.toLocaleTimeString("en-US", { timeStyle: "medium" }),
};

// Slack's own tokens, `{date_short_pretty} {time}` and the like.
export function date(seconds, layout) {
  const at = new Date(Number(seconds) * 1000);
  return layout.replace(/\{(\w+)\}/g, (whole, name) => (DATES[name.replace("_pretty", "")] ?? (() => whole))(at));
}

export function clockTime(ts) {
  return date(ts, "{time}");
}

const COLOURS = ["#4a154b", "#1264a3", "#007a5a", "#c56f00", "#5b3a8e", "#b3261e", "#00695c", "#455a64"];

export function avatar(name, className = "avatar") {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + letter.charCodeAt(0)) >>> 0;
  const node = el("span", className, name[0].toUpperCase());
  node.style.background = COLOURS[sum % COLOURS.length];
  node.setAttribute("aria-hidden", "true");
  return node;
}

export function toast(text) {
  const node = el("div", "toast", text);
  $("toasts").append(node);
  setTimeout(() => node.remove(), 6000);
}
