// Block Kit blocks and legacy attachments as DOM nodes.
// `context` gives names for ids and says what to do when something is pressed:
// { names, press(element, block, value), attachmentPress }.

import { el, link, markdown, mrkdwn, plain, richText } from "/page/markup.js";

export function renderBlocks(blocks, context) {
  return (blocks ?? []).map((block) => renderBlock(block, context));
}

export function renderBlock(block, context) {
  const render = RENDERERS[block.type];
  return render ? render(block, context) : el("div", "block muted", `(${block.type} block)`);
}

export function textNode(object, context) {
  if (!object) return el("span");
  if (typeof object === "string") return el("span", "", plain(object));
  return object.type === "mrkdwn" ? mrkdwn(object.text, context.names) : el("span", "", plain(object.text));
}

function picture(address, alt) {
  // Pictures from elsewhere are named, not loaded: this page talks to nobody.
  return address?.startsWith("data:image/") ? Object.assign(el("img"), { src: address, alt }) : el("span", "muted", `(image: ${alt ?? "image"})`);
}

const RENDERERS = {
  header: (block, context) => el("div", "block header", textNode(block.text, context)),
  divider: () => el("hr", "block divider"),
  markdown: (block, context) => el("div", "block", markdown(block.text, context.names)),
  rich_text: (block, context) => el("div", "block", richText(block, context.names)),
  image: (block) => el("div", "block picture", picture(block.image_url, block.alt_text)),
  section: (block, context) => {
    const inner = el("div", "grow", block.text ? textNode(block.text, context) : null);
    if (block.fields?.length) inner.append(el("div", "fields", ...block.fields.map((f) => el("div", "", textNode(f, context)))));
    return el("div", "block section", inner, block.accessory ? control(block.accessory, block, context) : null);
  },
  context: (block, context) =>
    el("div", "block context", ...(block.elements ?? []).map((e) => (e.type === "image" ? picture(e.image_url, e.alt_text) : textNode(e, context)))),
  actions: (block, context) => el("div", "block actions", ...(block.elements ?? []).map((e) => control(e, block, context))),
  context_actions: (block, context) => el("div", "block actions", ...(block.elements ?? []).map((e) => control(e, block, context))),
  alert: (block, context) => el("div", `block alert ${block.level ?? "default"}`, textNode(block.text, context)),
  table: (block, context) => {
    const rows = (block.rows ?? []).map((row) => el("tr", "", ...row.map((cell) => el("td", "", cellNode(cell, context)))));
    return el("table", "block grid", ...rows);
  },
  task_card: (block, context) => el("div", "block plan", task(block, context)),
  plan: (block, context) =>
    el("div", "block plan", el("div", "title", textNode(block.title, context)), ...(block.tasks ?? []).map((t) => task(t, context))),
  card: (block, context) => {
    const node = el("div", "block card");
    for (const part of ["title", "subtitle", "body"]) if (block[part]) node.append(el("div", part, textNode(block[part], context)));
    if (block.actions) node.append(el("div", "block actions", ...block.actions.map((e) => control(e, block, context))));
    return node;
  },
  container: (block, context) =>
    el("div", "block card", block.title ? el("div", "title", textNode(block.title, context)) : null, ...renderBlocks(block.child_blocks, context)),
  carousel: (block, context) => el("div", "block actions", ...renderBlocks(block.elements, context)),
};

function cellNode(cell, context) {
  return cell.type === "rich_text" ? richText(cell, context.names) : document.createTextNode(plain(cell.text ?? cell.value));
}

const MARKS = { pending: "○", in_progress: "◐", complete: "✓", error: "✕" };

function task(block, context) {
  const status = MARKS[block.status] ? block.status : "pending";
  const inner = el("div", "", el("div", "", plain(block.title)));
  for (const part of ["details", "output"]) {
    if (!block[part]) continue;
    inner.append(el("div", "more", typeof block[part] === "string" ? plain(block[part]) : richText(block[part], context.names)));
  }
  if (block.sources?.length) {
    const links = block.sources.flatMap((source) => [link(source.url ?? "", source.text ?? source.url), " "]);
    inner.append(el("div", "more", ...links));
  }
  return el("div", "task", el("span", `mark ${status}`, MARKS[status]), inner);
}

// Buttons and menus. Inputs of forms are in dialogs.js.
function control(element, block, context) {
  if (element.type === "button") return button(element, block, context);
  if (element.type === "image") return picture(element.image_url, element.alt_text);
  if (element.type === "feedback_buttons") {
    const sides = [element.positive_button, element.negative_button];
    return el("span", "block actions", ...sides.map((side) => {
      const node = el("button", "button", plain(side.text.text));
      node.onclick = () => context.press(element, block, side.value, node);
      return node;
    }));
  }
  if (element.options || element.option_groups) return menu(element, block, context);
  return el("span", "muted", `(${element.type})`);
}

function button(element, block, context) {
  const style = ["primary", "danger"].includes(element.style) ? element.style : "";
  const node = el("button", `button ${style}`, plain(element.text?.text));
  node.type = "button";
  node.dataset.actionId = element.action_id;
  node.onclick = () => {
    if (element.url && /^https?:/i.test(element.url)) window.open(element.url, "_blank", "noopener");
    context.press(element, block, null, node);
  };
  return node;
}

function menu(element, block, context) {
  const node = el("select", "button");
  node.append(Object.assign(el("option", "", plain(element.placeholder?.text ?? "Choose…")), { value: "" }));
  const options = [...(element.options ?? []), ...(element.option_groups ?? []).flatMap((group) => group.options)];
  for (const option of options) node.append(Object.assign(el("option", "", plain(option.text.text)), { value: option.value }));
  node.value = element.initial_option?.value ?? "";
  node.onchange = () => node.value && context.press(element, block, node.value, node);
  return node;
}

export function renderAttachment(attachment, context) {
  const node = el("div", "attachment");
  const colour = String(attachment.color ?? "").replace("#", "");
  if (/^[0-9a-f]{6}$/i.test(colour)) node.style.borderLeftColor = `#${colour}`;
  const { names } = context;
  if (attachment.author_name) node.append(el("div", "muted", plain(attachment.author_name)));
  if (attachment.title) {
    const title = plain(attachment.title);
    node.append(el("div", "title", attachment.title_link ? link(attachment.title_link, title) : title));
  }
  if (attachment.text) node.append(mrkdwn(attachment.text, names));
  node.append(...renderBlocks(attachment.blocks, context));
  if (attachment.fields?.length) {
    const fields = attachment.fields.map((field) => el("div", "", el("b", "", plain(field.title)), mrkdwn(field.value, names)));
    node.append(el("div", "fields", ...fields));
  }
  if (attachment.actions?.length) {
    const buttons = attachment.actions.map((action) => {
      const node = link(action.url ?? "", plain(action.text));
      if (node instanceof HTMLElement) node.className = "button";
      return node;
    });
    node.append(el("div", "block actions", ...buttons));
  }
  if (attachment.image_url) node.append(picture(attachment.image_url, attachment.fallback));
  if (!node.childNodes.length && attachment.fallback) node.append(plain(attachment.fallback));
  if (attachment.footer) node.append(el("div", "footer", plain(attachment.footer)));
  const before = attachment.pretext ? mrkdwn(attachment.pretext, names) : null;
  return el("div", "", before, node);
}
