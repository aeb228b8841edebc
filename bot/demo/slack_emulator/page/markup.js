// Slack's mrkdwn, Markdown and rich text as DOM nodes. Text is only ever put in as text.

const EMOJI = {
  eyes: "👀", white_check_mark: "✅", x: "❌", warning: "⚠️", fire: "🔥", rotating_light: "🚨", mag: "🔍",
  green_book: "📗", hourglass_flowing_sand: "⏳", robot_face: "🤖", thumbsup: "👍", "+1": "👍", thumbsdown: "👎",
  "-1": "👎", lock: "🔒", bulb: "💡", wrench: "🔧", no_entry: "⛔", tada: "🎉", chart_with_upwards_trend: "📈",
  red_circle: "🔴", large_green_circle: "🟢", large_yellow_circle: "🟡", leftwards_arrow_with_hook: "↩️", memo: "📝",
  octagonal_sign: "🛑", raised_hand: "✋", clock1: "🕐", link: "🔗", information_source: "ℹ️", broom: "🧹", shield: "🛡️",
};

export function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

export function emoji(name) {
  return EMOJI[name] ?? `:${name}:`;
}

function withEmoji(text) {
  return text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => EMOJI[name] ?? whole);
}

function decode(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

export function link(address, label) {
  // Only these may be followed: a message must not be able to run anything in this page.
  if (!/^(https?|mailto):/i.test(address)) return document.createTextNode(label ?? address);
  const node = el("a", "", label ?? address);
  node.href = address;
  node.target = "_blank";
  node.rel = "noopener noreferrer";
  return node;
}

export function mention(names, kind, id) {
  if (kind === "user") return el("span", id === names.me ? "mention me" : "mention", `@${names.user(id)}`);
  if (kind === "channel") return el("span", "mention", `#${names.channel(id)}`);
  if (kind === "group") return el("span", "mention", `@${names.group(id)}`);
  return el("span", "mention", `@${id}`);
}

const DATES = {
  date_num: (d) => d.toISOString().slice(0, 10),
  date_slash: (d) => d.toLocaleDateString("en-US"),
  date: (d) => d.toLocaleDateString("en-US", { dateStyle: "long" }),
  date_short: (d) => d.toLocaleDateString("en-US", { dateStyle: "medium" }),
  date_long: (d) => d.toLocaleDateString("en-US", { dateStyle: "full" }),
  time: (d) => d.toLocaleTimeString("en-US", { timeStyle: "short" }),
  time_secs: (d) => d.toLocaleTimeString("en-US", { timeStyle: "medium" }),
};

function date(seconds, layout) {
  const at = new Date(Number(seconds) * 1000);
  return layout.replace(/\{(\w+)\}/g, (whole, name) => (DATES[name.replace("_pretty", "")] ?? (() => whole))(at));
}

function special(token, names) {
  let found;
  if ((found = /^@(\w+)/.exec(token))) return mention(names, "user", found[1]);
  if ((found = /^#(\w+)/.exec(token))) return mention(names, "channel", found[1]);
  if ((found = /^!subteam\^(\w+)/.exec(token))) return mention(names, "group", found[1]);
  if ((found = /^!date\^(\d+)\^([^|^]*)(?:\^([^|]*))?/.exec(token))) {
    const shown = date(found[1], found[2]);
    return found[3] ? link(decode(found[3]), shown) : el("span", "", shown);
  }
  if ((found = /^!(here|channel|everyone)/.exec(token))) return mention(names, "special", found[1]);
  const [address, label] = token.split("|");
  if (/^[a-z]+:/i.test(address)) return link(decode(address), label ? decode(label) : undefined);
  return document.createTextNode(decode(`<${token}>`));
}

const INLINE = /<([^<>]+)>|`([^`\n]+)`|(?<![\w*])\*([^*\n]+)\*(?![\w*])|(?<![\w_])_([^_\n]+)_(?![\w_])|(?<![\w~])~([^~\n]+)~(?![\w~])/g;

function inline(text, names) {
  const nodes = [];
  let position = 0;
  for (const found of text.matchAll(INLINE)) {
    if (found.index > position) nodes.push(withEmoji(decode(text.slice(position, found.index))));
    const [, token, code, bold, italic, struck] = found;
    if (token !== undefined) nodes.push(special(token, names));
    else if (code !== undefined) nodes.push(el("code", "", ...inlineCode(code)));
    else if (bold !== undefined) nodes.push(el("b", "", ...inline(bold, names)));
    else if (italic !== undefined) nodes.push(el("i", "", ...inline(italic, names)));
    else nodes.push(el("s", "", ...inline(struck, names)));
    position = found.index + found[0].length;
  }
  if (position < text.length) nodes.push(withEmoji(decode(text.slice(position))));
  return nodes;
}

function inlineCode(code) {
  return [decode(code.replace(/<([^<>|]+)(?:\|[^<>]*)?>/g, "$1"))];
}

// Slack's own markup.
export function mrkdwn(text, names) {
  const root = el("div", "mrkdwn");
  for (const [index, part] of String(text ?? "").split("```").entries()) {
    if (index % 2) root.append(el("pre", "", decode(part.replace(/^\n/, "").replace(/\n$/, ""))));
    else root.append(...quotedLines(part, names));
  }
  return root;
}

function quotedLines(text, names) {
  const nodes = [];
  let quote = null;
  for (const line of text.split("\n")) {
    const found = /^(?:&gt;|>)\s?(.*)$/.exec(line);
    if (found) {
      if (!quote) nodes.push((quote = el("blockquote")));
      quote.append(el("div", "line", ...inline(found[1], names)));
    } else {
      quote = null;
      nodes.push(el("div", "line", ...(line ? inline(line, names) : ["\u200b"])));
    }
  }
  while (nodes.length && nodes[0].textContent === "\u200b") nodes.shift();
  while (nodes.length && nodes.at(-1).textContent === "\u200b") nodes.pop();
  return nodes;
}

export function plain(text) {
  return withEmoji(String(text ?? ""));
}

// Markdown, as in a markdown block.
const MD_INLINE = /`([^`\n]+)`|\*\*([^*\n]+)\*\*|(?<!\w)[*_]([^*_\n]+)[*_](?!\w)|~~([^~\n]+)~~|\[([^\]\n]+)\]\(([^)\s]+)\)|<([@#!][^<>]+|https?:[^<>]+)>/g;

function mdInline(text, names) {
  const nodes = [];
  let position = 0;
  for (const found of text.matchAll(MD_INLINE)) {
    if (found.index > position) nodes.push(withEmoji(decode(text.slice(position, found.index))));
    const [, code, bold, italic, struck, label, address, token] = found;
    if (code !== undefined) nodes.push(el("code", "", code));
    else if (bold !== undefined) nodes.push(el("b", "", ...mdInline(bold, names)));
    else if (italic !== undefined) nodes.push(el("i", "", ...mdInline(italic, names)));
    else if (struck !== undefined) nodes.push(el("s", "", ...mdInline(struck, names)));
    else if (label !== undefined) nodes.push(link(address, label));
    else nodes.push(special(token, names));
    position = found.index + found[0].length;
  }
  if (position < text.length) nodes.push(withEmoji(decode(text.slice(position))));
  return nodes;
}

export function markdown(text, names) {
  const root = el("div", "md");
  for (const [index, part] of String(text ?? "").split("```").entries()) {
    if (index % 2) root.append(el("pre", "", part.replace(/^[\w-]*\n/, "").replace(/\n$/, "")));
    else for (const chunk of part.split(/\n{2,}/)) if (chunk.trim()) root.append(...mdChunk(chunk.trim(), names));
  }
  return root;
}

function mdChunk(chunk, names) {
  const nodes = [];
  let open = null;
  const into = (tag) => {
    if (open?.tagName !== tag.toUpperCase()) nodes.push((open = el(tag, tag === "table" ? "grid" : "")));
    return open;
  };
  for (const line of chunk.split("\n")) {
    let found;
    if ((found = /^(#{1,6})\s+(.*)/.exec(line))) {
      nodes.push(el(`h${Math.min(found[1].length, 3)}`, "", ...mdInline(found[2], names)));
      open = null;
    } else if ((found = /^\s*[-*+]\s+(.*)/.exec(line))) into("ul").append(el("li", "", ...mdInline(found[1], names)));
    else if ((found = /^\s*\d+[.)]\s+(.*)/.exec(line))) into("ol").append(el("li", "", ...mdInline(found[1], names)));
    else if ((found = /^>\s?(.*)/.exec(line))) into("blockquote").append(el("div", "", ...mdInline(found[1], names)));
    else if (/^\|[\s:|-]+\|$/.test(line)) continue;
    else if ((found = /^\|(.*)\|$/.exec(line))) {
      const cells = found[1].split("|").map((cell) => el("td", "", ...mdInline(cell.trim(), names)));
      into("table").append(el("tr", "", ...cells));
    } else {
      const paragraph = into("p");
      if (paragraph.childNodes.length) paragraph.append("\n");
      paragraph.append(...mdInline(line, names));
    }
  }
  return nodes;
}

export function richText(block, names) {
  const root = el("div", "rich");
  for (const element of block.elements ?? []) {
    if (element.type === "rich_text_list") {
      const list = el(element.style === "ordered" ? "ol" : "ul");
      for (const item of element.elements ?? []) list.append(el("li", "", ...runs(item, names)));
      root.append(list);
    } else {
      const tag = { rich_text_quote: "blockquote", rich_text_preformatted: "pre" }[element.type] ?? "div";
      root.append(el(tag, tag === "div" ? "line" : "", ...runs(element, names)));
    }
  }
  return root;
}

function runs(element, names) {
  return (element.elements ?? []).map((run) => {
    const node = runNode(run, names);
    const style = run.style ?? {};
    return ["bold:b", "italic:i", "strike:s", "code:code"].reduce((inner, pair) => {
      const [name, tag] = pair.split(":");
      return style[name] ? el(tag, "", inner) : inner;
    }, node);
  });
}

function runNode(run, names) {
  if (run.type === "user") return mention(names, "user", run.user_id);
  if (run.type === "channel") return mention(names, "channel", run.channel_id);
  if (run.type === "usergroup") return mention(names, "group", run.usergroup_id);
  if (run.type === "broadcast") return mention(names, "special", run.range);
  if (run.type === "link") return link(run.url ?? "", run.text || undefined);
  if (run.type === "emoji") return document.createTextNode(emoji(run.name));
  if (run.type === "date") return document.createTextNode(date(run.timestamp, run.format ?? "{date}"));
  return document.createTextNode(run.text ?? "");
}
