// One message as a node, and lists of them that keep the nodes of what did not change.

import { attachmentNode, drawBlocks, drawText } from "/page/drawing.js";
import { avatar, button, clockTime, el, link, plain } from "/page/dom.js";

const REACTIONS = { eyes: "👀", white_check_mark: "✅", x: "❌", warning: "⚠️", thumbsup: "👍", "+1": "👍", hourglass_flowing_sand: "⏳" };

export function authorOf(message, names) {
  if (message.username) return message.username;
  if (message.user === "USLACKBOT") return "Slackbot";
  const known = names.users.find((user) => user.id === message.user);
  return known?.name ?? message.bot_profile?.name ?? message.user ?? message.bot_id ?? "?";
}

const known = new WeakMap();

// What is given as { key, signature, make } becomes the children of `list`. A node whose signature stayed is kept; one
// that changed is handed to `make`, which may draw it anew in place.
export function fill(list, entries, whenEmpty) {
  const wasAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  const top = list.scrollTop;
  const before = new Map([...list.children].map((node) => [known.get(node)?.key, node]));
  const nodes = entries.map(({ key, signature, make }) => {
    const old = before.get(key);
    if (old && known.get(old).signature === signature) return old;
    const node = make(old);
    known.set(node, { key, signature });
    return node;
  });
  if (!nodes.length && whenEmpty) nodes.push(el("p", "empty", whenEmpty));
  const isSame = nodes.length === list.children.length && nodes.every((node, index) => node === list.children[index]);
  if (!isSame) list.replaceChildren(...nodes);
  list.scrollTop = wasAtEnd ? list.scrollHeight : top;
}

// An entry for `fill`. `around` is { names, isInThread, openThread(ts), context(message), tools(message) }.
export function messageEntry(message, around) {
  return {
    key: message.ts,
    signature: JSON.stringify([message, around.names.me, around.isInThread]),
    make: (old) => draw(old, message, around),
  };
}

function draw(old, message, around) {
  const { names } = around;
  const author = authorOf(message, names);
  const node = old ?? el("div", "", avatar(author), el("div", "body", el("div", "line"), el("div", "content"), el("div", "below")), el("div", "tools"));
  node.className = `message ${message.is_ephemeral ? "mine-only" : ""}`;
  node.dataset.ts = message.ts;
  const [, body, tools] = node.children;
  const [line, content, below] = body.children;
  const focused = [below, tools].find((part) => part.contains(document.activeElement));
  const place = focused && [...focused.querySelectorAll("button")].indexOf(document.activeElement);
  line.replaceChildren(...headOf(message, author, names));
  const context = around.context(message);
  if (message.blocks?.length) drawBlocks(content, message.blocks, context);
  else if (message.text) drawText(content, message.text, context);
  else content.replaceChildren();
  below.replaceChildren(...belowOf(message, around, context));
  tools.replaceChildren(...around.tools(message));
  // Whoever goes by keyboard stays where they were.
  if (focused) focused.querySelectorAll("button")[place]?.focus();
  return node;
}

function headOf(message, author, names) {
  const isStranger = names.users.some((user) => user.id === message.user && user.is_stranger);
  const isApp = message.bot_id || message.user === "USLACKBOT";
  const time = el("time", "time", clockTime(message.ts));
  time.title = new Date(Number(message.ts) * 1000).toLocaleString("en-US");
  return [
    message.is_ephemeral ? el("div", "whisper", "👁 Only visible to you") : "",
    el("span", "name", author),
    isApp ? el("span", "badge", "APP") : "",
    isStranger ? el("span", "elsewhere", "from another workspace") : "",
    time,
    message.subtype === "thread_broadcast" ? el("span", "muted", " replied to a thread") : "",
  ].filter(Boolean);
}

function belowOf(message, around, context) {
  const parts = [];
  if (message.edited) parts.push(el("span", "edited", "(edited)"));
  if (message.streaming_state) parts.push(el("span", "writing", "writing"));
  for (const file of message.files ?? []) parts.push(el("div", "file", link(file.url_private ?? "", plain(file.title))));
  for (const attachment of message.attachments ?? []) parts.push(attachmentNode(attachment, context));
  if (message.reactions?.length) {
    const shown = message.reactions.map((each) => el("span", "reaction", `${REACTIONS[each.name] ?? `:${each.name}:`} ${each.count}`));
    parts.push(el("div", "reactions", ...shown));
  }
  if (!around.isInThread && message.reply_count) parts.push(repliesOf(message, around));
  return parts;
}

function repliesOf(message, around) {
  const count = `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}`;
  const faces = (message.reply_users ?? []).slice(0, 4).map((id) => avatar(authorOf({ user: id }, around.names), "avatar tiny"));
  const open = button("replies", "", () => around.openThread(message.ts));
  open.append(...faces, el("b", "", count), el("span", "last", `Last reply at ${clockTime(message.latest_reply)}`));
  return open;
}
