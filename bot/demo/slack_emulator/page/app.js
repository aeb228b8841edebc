// The page: channels on the left, messages in the middle, a thread on the right; on a narrow screen one at a time.

import { completion, composer } from "/page/composer.js";
import { confirmed, showView } from "/page/dialogs.js";
import { drawBlocks, loadKit, sweep } from "/page/drawing.js";
import { $, avatar, button, clockTime, date, el, plain, toast } from "/page/dom.js";
import { fill, messageEntry } from "/page/messages.js";

const place = { user: localStorage.getItem("user") ?? "", channel: "C0INCIDENTS", thread: null, tab: "messages" };
const read = {};
let state = null;
let openedFrom = null;

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

// What somebody presses must still be under the pointer when they let go: until then nothing is drawn.
let released = Promise.resolve();
let release = () => {};
addEventListener("pointerdown", () => { release(); released = new Promise((done) => { release = done; }); }, true);
// The click comes after the pointer is up, and is to be handled first.
for (const end of ["pointerup", "pointercancel", "dragend", "blur"]) addEventListener(end, () => setTimeout(release), true);

let fetching = false;
let stale = false;
async function refresh() {
  stale = true;
  if (fetching) return;
  fetching = true;
  try {
    while (stale) {
      stale = false;
      const response = await fetch(`/page-api/state?user=${encodeURIComponent(place.user)}`);
      state = await response.json();
      if (state.kit.is_there) await loadKit();
      await released;
      draw();
    }
  } finally {
    fetching = false;
  }
}

function names() {
  return {
    me: state.me,
    users: [...state.users, { id: "USLACKBOT", name: "Slackbot" }],
    channels: state.channels,
    groups: state.groups.map((group) => ({ id: group.id, name: group.handle })),
    date,
  };
}

// -- drawing --------------------------------------------------------------------------------------

function draw() {
  const current = state.channels.find((channel) => channel.id === place.channel) ?? state.channels[0];
  place.channel = current.id;
  place.user = state.me;
  drawTop();
  drawSide(current);
  drawStage();
  drawChannel(current);
  drawThread(current);
  sweep();
  showView(state.views.at(-1) ?? null, viewContext(state.views.at(-1)));
}

function drawTop() {
  const count = state.connected;
  $("connection").textContent = count ? `app connected (${count} socket${count > 1 ? "s" : ""})` : "app not connected";
  $("connection").classList.toggle("on", count > 0);
  $("notice").hidden = state.kit.is_there;
  $("notice").textContent = state.kit.problem;
  const people = state.users.filter((user) => !user.bot);
  const options = people.map((user) => {
    const more = user.is_stranger ? "another workspace" : user.title;
    return Object.assign(el("option", "", more ? `${user.name} (${more})` : user.name), { value: user.id });
  });
  if (document.activeElement !== $("user")) $("user").replaceChildren(...options);
  $("user").value = state.me;
}

function drawSide(current) {
  $("team").textContent = state.team.name;
  const rows = state.channels.filter((channel) => channel.kind !== "im").map((channel) => {
    const mark = el("span", "mark", channel.kind === "channel" ? "#" : "🔒");
    return sideEntry(channel.id, [mark, channel.name], channel, current, () => go(channel.id));
  });
  fill($("channels"), rows);
  const direct = state.channels.find((channel) => channel.kind === "im");
  fill($("apps"), [sideEntry("app", [avatar(state.team.app, "avatar tiny"), state.team.app], direct, current, openApp)]);
}

function sideEntry(key, label, channel, current, onclick) {
  const isCurrent = channel !== undefined && channel.id === current.id;
  const last = channel?.messages.at(-1)?.ts ?? "";
  if (channel && isCurrent) read[channel.id] = last;
  else if (channel) read[channel.id] ??= last;
  const isUnread = channel !== undefined && last > read[channel.id];
  const make = () => {
    const open = button(isCurrent ? "current" : isUnread ? "unread" : "", "", onclick);
    open.append(...label);
    if (isCurrent) open.setAttribute("aria-current", "page");
    if (isUnread) open.append(el("span", "dot", "new"));
    return el("li", "", open);
  };
  return { key, signature: JSON.stringify([isCurrent, isUnread]), make };
}

const ALERTS = { firing: "🔥 Fire an alert", resolved: "✅ Resolve it" };

function drawStage() {
  const alerts = state.alerts.map((name) => ({
    key: name,
    signature: name,
    make: () => {
      const lever = button("lever", ALERTS[name] ?? `Post ${name}`, async () => {
        const posted = await act("alert", { name });
        if (posted.channel) go(posted.channel);
      });
      lever.dataset.alert = name;
      return lever;
    },
  }));
  fill($("alerts"), alerts);
  $("clock").hidden = !state.clock.can_skip;
  const skips = [10, 31].map((minutes) => ({
    key: String(minutes),
    signature: "skip",
    make: () => {
      const lever = button("lever", `⏩ Skip ${minutes} minutes`, () => act("skip", { minutes }));
      lever.dataset.skip = minutes;
      return lever;
    },
  }));
  const now = clockTime(state.clock.now);
  fill($("clock"), [...skips, { key: "now", signature: now, make: () => el("p", "small", `The workspace's clock says ${now}.`) }]);
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
  document.body.dataset.pane = "channel";
  draw();
  $("messages").scrollTop = $("messages").scrollHeight;
  $("text").focus();
}

function drawChannel(channel) {
  const isDirect = channel.kind === "im";
  $("title").textContent = isDirect ? channel.name : `# ${channel.name}`;
  $("topic").textContent = isDirect ? "" : channel.topic;
  $("invite").hidden = channel.has_bot;
  $("invite").textContent = `Add ${state.team.app} to this channel`;
  drawTabs(isDirect);
  const isHome = isDirect && place.tab === "home";
  $("home").hidden = !isHome;
  $("messages").hidden = $("composer").hidden = isHome;
  if (isHome) {
    drawHome();
    return;
  }
  $("text").placeholder = isDirect ? `Message ${channel.name}` : `Message #${channel.name}, or type / for commands`;
  const top = channel.messages.filter((m) => !m.thread_ts || m.thread_ts === m.ts || m.subtype === "thread_broadcast");
  const hidden = state.ephemerals.filter((m) => m.channel === channel.id && !m.thread_ts);
  fill($("messages"), inOrder(top, hidden).map((m) => messageEntry(m, around(channel, false))), "Nothing here yet.");
}

function drawHome() {
  const entry = state.home
    ? { key: "home", signature: JSON.stringify(state.home), make: (known) => drawBlocks(known ?? el("div", "sheet"), state.home.blocks, viewContext(state.home)) }
    : { key: "none", signature: "", make: () => el("p", "empty", "The app has not published a Home tab.") };
  fill($("home"), [entry]);
}

function inOrder(...lists) {
  return lists.flat().sort((a, b) => (a.ts < b.ts ? -1 : 1));
}

function drawTabs(isDirect) {
  const tabs = (isDirect ? ["home", "messages"] : []).map((tab) => ({
    key: tab,
    signature: String(place.tab === tab),
    make: () => {
      const made = button(place.tab === tab ? "current" : "", tab === "home" ? "Home" : "Messages", async () => {
        place.tab = tab;
        await act("home", { tab });
        refresh();
      });
      made.setAttribute("aria-pressed", String(place.tab === tab));
      return made;
    },
  }));
  fill($("tabs"), tabs);
}

function drawThread(channel) {
  const parent = place.thread && channel.messages.find((m) => m.ts === place.thread);
  $("thread").hidden = !parent;
  document.body.classList.toggle("with-thread", Boolean(parent));
  if (!parent) {
    if (document.body.dataset.pane === "thread") document.body.dataset.pane = "channel";
    return;
  }
  $("thread-where").textContent = channel.kind === "im" ? channel.name : `# ${channel.name}`;
  const replies = channel.messages.filter((m) => m.thread_ts === parent.ts && m.ts !== parent.ts);
  const hidden = state.ephemerals.filter((m) => m.channel === channel.id && m.thread_ts === parent.ts);
  const count = `${replies.length} ${replies.length === 1 ? "reply" : "replies"}`;
  const rule = replies.length ? [{ key: "rule", signature: count, make: () => el("div", "rule", count) }] : [];
  const inside = around(channel, true);
  fill($("replies"), [messageEntry(parent, inside), ...rule, ...inOrder(replies, hidden).map((m) => messageEntry(m, inside))]);
  drawStatus(channel, parent);
}

const SESSIONS = { processing: "is working", suspended: "waits for somebody", active: "is ready", closed: "is done" };

function drawStatus(channel, parent) {
  const status = channel.statuses[parent.ts];
  const session = status?.session?.status;
  const text = status?.text ? plain(status.text) : SESSIONS[session] ?? "";
  const stop = () => button("button", "◼ Stop", () => act("stop", { channel: channel.id, thread_ts: parent.ts }));
  const line = { key: "text", signature: text, make: () => el("i", "", `${state.team.app} ${text}`) };
  const entries = [...(text ? [line] : []), ...(session === "processing" ? [{ key: "stop", signature: parent.ts, make: stop }] : [])];
  $("status").hidden = !entries.length;
  $("status").classList.toggle("busy", session === "processing" || Boolean(status?.text));
  fill($("status"), entries);
}

function around(channel, isInThread) {
  return {
    names: names(),
    isInThread,
    openThread,
    context: (message) => messageContext(message, channel),
    tools: (message) => tools(message, channel, isInThread),
  };
}

function tools(message, channel, isInThread) {
  if (message.is_ephemeral) return [];
  const reply = isInThread ? [] : [button("", "💬 Reply in thread", () => openThread(message.thread_ts ?? message.ts))];
  const shortcuts = state.shortcuts.map((shortcut) =>
    button("", `⚡ ${plain(shortcut.name)}`, () => act("shortcut", { callback_id: shortcut.callback_id, channel: channel.id, ts: message.ts })));
  return [...reply, ...shortcuts];
}

function openThread(ts) {
  openedFrom = place.channel + ts;
  place.thread = ts;
  document.body.dataset.pane = "thread";
  draw();
  $("replies").scrollTop = $("replies").scrollHeight;
  $("thread-text").focus();
}

function closeThread() {
  const ts = place.thread;
  place.thread = null;
  document.body.dataset.pane = "channel";
  draw();
  const from = openedFrom === place.channel + ts && $("messages").querySelector(`[data-ts="${ts}"] .replies`);
  (from || $("text")).focus();
}

// -- pressing and sending -------------------------------------------------------------------------

async function press(element, node, deed, body) {
  // Not `disabled`: that would take the focus away, and a dialog could not give it back.
  if (node.getAttribute("aria-busy") === "true") return;
  if (element.confirm && !(await confirmed(element.confirm, { names: names() }))) return;
  node.setAttribute("aria-busy", "true");
  const outcome = await act(deed, { ...body, action_id: element.action_id });
  // Beside a message the emulator leaves a notice of its own.
  if (deed === "view_click" && outcome.shown && !outcome.acked) toast(outcome.shown);
  node.removeAttribute("aria-busy");
}

function messageContext(message, channel) {
  const where = { channel: channel.id, ts: message.ts };
  return { names: names(), press: (element, block, value, node) => press(element, node, "click", { ...where, value, block_id: block.block_id }) };
}

function viewContext(view) {
  return {
    names: names(),
    press: (element, block, value, node, values) => press(element, node, "view_click", { view_id: view.id, value, values }),
    submit: (shown, values) => act("submit", { view_id: shown.id, values }),
    close: (shown) => act("close", { view_id: shown.id }),
  };
}

function send(text, thread) {
  const where = { channel: place.channel, ...(thread ? { thread_ts: thread } : {}) };
  return act(text.startsWith("/") ? "slash" : "say", { ...where, text });
}

$("user").onchange = () => {
  place.user = $("user").value;
  localStorage.setItem("user", place.user);
  if (place.channel.startsWith("D")) place.channel = "C0INCIDENTS";
  $("user").blur();
  refresh();
};
$("close-thread").onclick = closeThread;
$("invite").onclick = () => act("invite", { channel: place.channel });
$("to-side").onclick = () => { document.body.dataset.pane = "side"; $("channels").querySelector(".current")?.focus(); };
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && place.thread && !document.querySelector("dialog")) closeThread();
});
completion($("text"), () => state?.commands ?? []);
composer($("composer"), $("text"), (text) => send(text, null));
composer($("thread-composer"), $("thread-text"), (text) => send(text, place.thread));
await refresh();
const feed = new EventSource("/page-api/feed");
feed.onmessage = refresh;
feed.onerror = () => {
  $("connection").textContent = "the emulator does not answer";
  $("connection").classList.remove("on");
};
