// The page: channels on the left, messages in the middle, a thread on the right.

import { renderAttachment, renderBlocks } from "/page/blocks.js";
import { confirmed, showView } from "/page/dialogs.js";
import { el, emoji, link, mrkdwn, plain } from "/page/markup.js";

const $ = (id) => document.getElementById(id);
const place = { user: localStorage.getItem("user") ?? "", channel: "C0INCIDENTS", thread: null, tab: "messages" };
const read = {};
let state = null;

// -- talking to the emulator ----------------------------------------------------------------------

async function act(deed, body) {
  const response = await fetch(`/page-api/do/${deed}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user: state.me, ...body }),
  });
  const answer = await response.json();
  if (answer.problem) toast(answer.problem);
  return answer;
}

let fetching = false;
let stale = false;
async function refresh() {
  stale = true;
  if (fetching) return;
  fetching = true;
  while (stale) {
    stale = false;
    const response = await fetch(`/page-api/state?user=${encodeURIComponent(place.user)}`);
    state = await response.json();
    draw();
  }
  fetching = false;
}

function toast(text) {
  const node = el("div", "toast", text);
  $("toasts").append(node);
  setTimeout(() => node.remove(), 5000);
}

// -- names ----------------------------------------------------------------------------------------

function names() {
  return {
    me: state.me,
    user: (id) => (id === "USLACKBOT" ? "Slackbot" : state.users.find((u) => u.id === id)?.name ?? id),
    channel: (id) => state.channels.find((c) => c.id === id)?.name ?? id,
    group: (id) => state.groups.find((g) => g.id === id)?.handle ?? id,
  };
}

const COLOURS = ["#4a154b", "#1264a3", "#007a5a", "#c56f00", "#5b3a8e", "#b3261e", "#00695c", "#455a64"];
function colourOf(name) {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + letter.charCodeAt(0)) >>> 0;
  return COLOURS[sum % COLOURS.length];
}

function authorOf(message) {
  return message.username ?? (message.user ? names().user(message.user) : message.bot_profile?.name ?? message.bot_id ?? "?");
}

function clockTime(ts) {
  return new Date(Number(ts) * 1000).toLocaleTimeString("en-US", { hour: "numeric", minute: "2-digit" });
}

// -- drawing --------------------------------------------------------------------------------------

function draw() {
  const current = state.channels.find((c) => c.id === place.channel) ?? state.channels[0];
  place.channel = current.id;
  place.user = state.me;
  drawTop();
  drawSide(current);
  drawChannel(current);
  drawThread(current);
  showView(state.views.at(-1) ?? null, viewContext(state.views.at(-1)));
}

function drawTop() {
  $("connection").textContent = state.connected ? `app connected (${state.connected} socket${state.connected > 1 ? "s" : ""})` : "app not connected";
  $("connection").classList.toggle("on", state.connected > 0);
  const people = state.users.filter((user) => !user.bot);
  const options = people.map((user) => Object.assign(el("option", "", user.title ? `${user.name} (${user.title})` : user.name), { value: user.id }));
  $("user").replaceChildren(...options);
  $("user").value = state.me;
}

function drawSide(current) {
  $("team").textContent = state.team.name;
  const rows = state.channels.filter((c) => c.kind !== "im").map((c) => sideRow(c, `${c.kind !== "channel" ? "▪" : "#"} ${c.name}`, current));
  $("channels").replaceChildren(...rows);
  const direct = state.channels.find((c) => c.kind === "im");
  const app = el("button", direct?.id === current.id ? "current" : "", `◆ ${state.team.app}`);
  app.onclick = openApp;
  $("apps").replaceChildren(el("li", "", app));
  const alerts = state.alerts.map((name) => {
    const button = el("button", "", { firing: "Fire an alert", resolved: "Resolve it" }[name] ?? `Post ${name}`);
    button.dataset.alert = name;
    button.onclick = async () => {
      const posted = await act("alert", { name });
      if (posted.channel) go(posted.channel);
    };
    return button;
  });
  $("alerts").replaceChildren(...alerts);
}

function sideRow(channel, label, current) {
  const last = channel.messages.at(-1)?.ts ?? "";
  if (channel.id === current.id) read[channel.id] = last;
  else read[channel.id] ??= last;
  const button = el("button", channel.id === current.id ? "current" : last > read[channel.id] ? "unread" : "", label);
  button.onclick = () => go(channel.id);
  return el("li", "", button);
}

async function openApp() {
  const opened = await act("dm", {});
  await act("home", { tab: "messages" });
  place.tab = "messages";
  await refresh();
  go(opened.channel);
}

function go(channel) {
  place.channel = channel;
  place.thread = null;
  draw();
  $("messages").scrollTop = $("messages").scrollHeight;
  $("text").focus();
}

function drawChannel(channel) {
  const isDirect = channel.kind === "im";
  $("title").textContent = isDirect ? channel.name : `# ${channel.name}`;
  $("topic").textContent = isDirect ? "" : channel.topic + (channel.has_bot ? "" : " · the app is not in this channel");
  drawTabs(isDirect);
  const isHome = isDirect && place.tab === "home";
  $("home").hidden = !isHome;
  $("messages").hidden = $("composer").hidden = isHome;
  if (isHome) {
    const inside = state.home ? renderBlocks(state.home.blocks, viewContext(state.home)) : [el("p", "empty", "The app has not published a Home tab.")];
    $("home").replaceChildren(el("div", "message", el("span"), el("div", "body", ...inside)));
    return;
  }
  $("text").placeholder = isDirect ? `Message ${channel.name}` : `Message #${channel.name}, or type / for commands`;
  const hidden = state.ephemerals.filter((m) => m.channel === channel.id && !m.thread_ts);
  const top = channel.messages.filter((m) => !m.thread_ts || m.thread_ts === m.ts || m.subtype === "thread_broadcast");
  const all = [...top, ...hidden].sort((a, b) => (a.ts < b.ts ? -1 : 1));
  fill($("messages"), all.map((m) => messageNode(m, channel, false)), "Nothing here yet.");
}

function drawTabs(isDirect) {
  const tabs = !isDirect ? [] : ["home", "messages"].map((tab) => {
    const button = el("button", place.tab === tab ? "current" : "", tab === "home" ? "Home" : "Messages");
    button.onclick = async () => { place.tab = tab; await act("home", { tab }); refresh(); };
    return button;
  });
  $("tabs").replaceChildren(...tabs);
}

function drawThread(channel) {
  const parent = place.thread && channel.messages.find((m) => m.ts === place.thread);
  $("thread").hidden = !parent;
  if (!parent) return;
  $("thread-where").textContent = channel.kind === "im" ? channel.name : `# ${channel.name}`;
  const replies = channel.messages.filter((m) => m.thread_ts === parent.ts && m.ts !== parent.ts);
  const hidden = state.ephemerals.filter((m) => m.channel === channel.id && m.thread_ts === parent.ts);
  const all = [...replies, ...hidden].sort((a, b) => (a.ts < b.ts ? -1 : 1));
  const rule = replies.length ? el("div", "rule", `${replies.length} ${replies.length === 1 ? "reply" : "replies"}`) : "";
  fill($("replies"), [messageNode(parent, channel, true), rule, ...all.map((m) => messageNode(m, channel, true))], "");
  drawStatus(channel, parent);
}

function drawStatus(channel, parent) {
  const status = channel.statuses[parent.ts];
  const isBusy = status?.session?.status === "processing";
  const parts = [];
  if (status?.text) parts.push(el("i", "", `${state.team.app} ${plain(status.text)}`));
  else if (status?.session?.status) parts.push(el("i", "", `session: ${status.session.status}`));
  if (isBusy) {
    const stop = el("button", "button", "◼ Stop");
    stop.onclick = () => act("stop", { channel: channel.id, thread_ts: parent.ts });
    parts.push(stop);
  }
  $("status").hidden = !parts.length;
  $("status").replaceChildren(...parts);
}

function fill(list, nodes, whenEmpty) {
  const wasAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  const before = list.scrollTop;
  list.replaceChildren(...(nodes.length ? nodes.filter(Boolean) : [el("p", "empty", whenEmpty)]));
  list.scrollTop = wasAtEnd ? list.scrollHeight : before;
}

function messageNode(message, channel, isInThread) {
  const author = authorOf(message);
  const avatar = el("div", "avatar", author[0].toUpperCase());
  avatar.style.background = colourOf(author);
  const body = el("div", "body");
  if (message.is_ephemeral) body.append(el("div", "whisper", "Only visible to you"));
  body.append(el("div", "", el("span", "name", author), message.bot_id || message.user === "USLACKBOT" ? el("span", "badge", "APP") : "", el("span", "time", clockTime(message.ts))));
  if (message.subtype === "thread_broadcast") body.append(el("div", "muted", "replied to a thread"));
  const context = messageContext(message, channel);
  if (message.blocks?.length) body.append(...renderBlocks(message.blocks, context));
  else if (message.text) body.append(mrkdwn(message.text, names()));
  if (message.edited) body.append(el("span", "edited", "(edited)"));
  if (message.streaming_state) body.append(el("span", "edited", "writing…"));
  for (const file of message.files ?? []) body.append(el("div", "block card", link(file.url_private ?? "", plain(file.title))));
  for (const attachment of message.attachments ?? []) body.append(renderAttachment(attachment, context));
  if (message.reactions?.length) {
    body.append(el("div", "reactions", ...message.reactions.map((r) => el("span", "reaction", `${emoji(r.name)} ${r.count}`))));
  }
  if (!isInThread && message.reply_count) {
    const open = el("button", "replies", `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}`);
    open.onclick = () => openThread(message.ts);
    body.append(open);
  }
  const node = el("div", `message ${message.is_ephemeral ? "mine-only" : ""}`, avatar, body, tools(message, channel, isInThread));
  node.dataset.ts = message.ts;
  return node;
}

function tools(message, channel, isInThread) {
  if (message.is_ephemeral) return null;
  const bar = el("div", "tools");
  if (!isInThread) {
    const reply = el("button", "", "Reply in thread");
    reply.onclick = () => openThread(message.thread_ts ?? message.ts);
    bar.append(reply);
  }
  for (const shortcut of state.shortcuts) {
    const button = el("button", "", plain(shortcut.name));
    button.onclick = () => act("shortcut", { callback_id: shortcut.callback_id, channel: channel.id, ts: message.ts });
    bar.append(button);
  }
  return bar;
}

function openThread(ts) {
  place.thread = ts;
  draw();
  $("replies").scrollTop = $("replies").scrollHeight;
  $("thread-text").focus();
}

// -- pressing and sending -------------------------------------------------------------------------

async function press(element, node, deed, body) {
  if (element.confirm && !(await confirmed(element.confirm, { names: names() }))) return;
  node.disabled = true;
  const outcome = await act(deed, { ...body, action_id: element.action_id });
  // Beside a message the emulator leaves a notice of its own.
  if (deed === "view_click" && outcome.shown && !outcome.acked) toast(outcome.shown);
  node.disabled = false;
}

function messageContext(message, channel) {
  const where = { channel: channel.id, ts: message.ts };
  return { names: names(), press: (element, block, value, node) => press(element, node, "click", { ...where, value }) };
}

function viewContext(view) {
  return {
    names: names(),
    press: (element, block, value, node, values) => press(element, node, "view_click", { view_id: view.id, value, values }),
    submit: (shown, values) => act("submit", { view_id: shown.id, values }),
    close: (shown) => act("close", { view_id: shown.id }),
  };
}

async function send(box, thread) {
  const text = box.value.trim();
  if (!text) return;
  box.value = "";
  grow(box);
  const where = { channel: place.channel, ...(thread ? { thread_ts: thread } : {}) };
  if (text.startsWith("/")) await act("slash", { ...where, text });
  else await act("say", { ...where, text });
}

function grow(box) {
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, 160)}px`;
}

function prepare(form, box, thread) {
  form.onsubmit = (event) => { event.preventDefault(); send(box, thread()); complete(); };
  box.addEventListener("input", () => { grow(box); complete(); });
  box.addEventListener("keydown", (event) => {
    const first = $("completion").hidden ? null : $("completion").querySelector("button");
    if (event.key === "Tab" && first && box === $("text")) { event.preventDefault(); first.click(); }
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (first && box === $("text")) first.click();
    else form.requestSubmit();
  });
}

function complete() {
  const typed = $("text").value;
  const fitting = /^\/\S*$/.test(typed) ? state.commands.filter((c) => c.name.startsWith(typed) && c.name !== typed) : [];
  const rows = fitting.map((command, index) => {
    const button = el("button", index === 0 ? "current" : "", el("b", "", command.name), ` ${command.hint}`, el("span", "muted", command.description));
    button.type = "button";
    button.onclick = () => { $("text").value = `${command.name} `; complete(); $("text").focus(); };
    return el("li", "", button);
  });
  $("completion").replaceChildren(...rows);
  $("completion").hidden = !rows.length;
}

$("user").onchange = () => {
  place.user = $("user").value;
  localStorage.setItem("user", place.user);
  if (place.channel.startsWith("D")) place.channel = "C0INCIDENTS";
  refresh();
};
$("close-thread").onclick = () => { place.thread = null; draw(); };
prepare($("composer"), $("text"), () => null);
prepare($("thread-composer"), $("thread-text"), () => place.thread);
await refresh();
new EventSource("/page-api/feed").onmessage = refresh;
