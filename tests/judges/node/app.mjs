// A small Slack app on @slack/bolt: says on its standard output what it hears, one JSON object a line.

import bolt from "@slack/bolt";

const { App, LogLevel } = bolt;
const { SLACK_API_URL, SLACK_APP_TOKEN, SLACK_BOT_TOKEN } = process.env;

const say = (what, rest = {}) => process.stdout.write(`${JSON.stringify({ what, ...rest })}\n`);

const app = new App({
  token: SLACK_BOT_TOKEN,
  appToken: SLACK_APP_TOKEN,
  socketMode: true,
  logLevel: LogLevel.ERROR,
  clientOptions: { slackApiUrl: SLACK_API_URL },
});

const BUTTON = { type: "button", action_id: "approve", value: "p1", text: { type: "plain_text", text: "Approve" } };
const FORM = {
  type: "modal",
  callback_id: "reason",
  title: { type: "plain_text", text: "Why?" },
  submit: { type: "plain_text", text: "Send" },
  blocks: [
    {
      type: "input",
      block_id: "why",
      label: { type: "plain_text", text: "Reason" },
      element: { type: "plain_text_input", action_id: "text" },
    },
  ],
};

app.command("/ask-claude", async ({ command, ack, client, respond }) => {
  await ack();
  const row = { type: "actions", block_id: "row", elements: [BUTTON] };
  const posted = await client.chat.postMessage({ channel: command.channel_id, text: "asked", blocks: [row] });
  await respond({ response_type: "ephemeral", text: "on it" });
  say("command", { text: command.text, ts: posted.ts });
});

app.message(async ({ message, client }) => {
  if (message.subtype !== undefined || message.thread_ts !== undefined) return;
  const thread = await client.conversations.replies({ channel: message.channel, ts: message.ts });
  await client.chat.postMessage({ channel: message.channel, thread_ts: message.ts, text: `heard: ${message.text}` });
  say("message", { text: message.text, replies: thread.messages.length });
});

app.event("app_mention", async ({ event }) => say("mention", { text: event.text }));

app.action("approve", async ({ ack, body, client, action }) => {
  await ack();
  const opened = await client.views.open({ trigger_id: body.trigger_id, view: FORM });
  say("action", { value: action.value, view: opened.view.id });
});

app.view("reason", async ({ ack, view, client }) => {
  const reason = view.state.values.why.text.value;
  if (reason === "no") {
    await ack({ response_action: "errors", errors: { why: "Say more." } });
    return;
  }
  await ack();
  const asked = await client.conversations.history({ channel: "C0INCIDENTS", limit: 100 });
  const message = asked.messages.find((each) => each.text === "asked");
  await client.chat.update({ channel: "C0INCIDENTS", ts: message.ts, text: `done: ${reason}` });
  say("view", { reason });
});

app.error(async (problem) => say("error", { text: String(problem?.message ?? problem) }));

// Bolt for Node offers no way to end but `stop`; the line asks for it.
process.stdin.setEncoding("utf8");
process.stdin.on("data", async (line) => {
  if (line.trim() !== "stop") return;
  await app.stop();
  say("stopped");
  process.exit(0);
});

await app.start();
const who = await app.client.auth.test();
say("started", { bot: who.bot_id });
