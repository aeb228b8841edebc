// Blocks and attachments: drawn by the kit, with this page's own controls for what somebody chooses in them.
//
// The kit draws buttons but tells nobody when one is pressed: a listener finds the element by the block it stands in
// and its action_id. Its menus and pickers keep what was chosen to themselves: native ones stand in for them.
// `context` is { names, press(element, block, value, node) }.

import { button, el, link, plain } from "/page/dom.js";
import { gentle, unescaped } from "/page/gentle.js";
import { widget } from "/page/widgets.js";

let kit = null;
const drawn = new WeakMap();
const PRESSED = new Set(["button", "workflow_button", "icon_button", "feedback_buttons"]);

export async function loadKit() {
  if (kit) return;
  kit = await import("/page/kit.js");
  const style = el("link");
  style.rel = "stylesheet";
  style.href = "/page/kit.css";
  await new Promise((done) => { style.onload = style.onerror = done; document.head.prepend(style); });
}

export function sweep() {
  kit?.sweep();
}

// Draws into `node`, again if it was drawn before; what a block looked like may grow, as when text streams in.
export function drawBlocks(node, blocks, context) {
  while (node.children.length > blocks.length) node.lastChild.remove();
  blocks.forEach((block, index) => {
    if (!node.children[index]) node.append(el("div", "block", el("div", "drawn"), el("div", "controls")));
    drawBlock(node.children[index], block, context);
  });
  return node;
}

function drawBlock(node, block, context) {
  const [picture, controls] = node.children;
  drawn.set(node, { block, context });
  if (kit) kit.draw(picture, stripped(block), context.names);
  else picture.textContent = block.plain ?? plain(block.text?.text ?? "", context.names);
  picture.classList.toggle("plain-text", !kit);
  if (kit && !picture.textContent && !picture.querySelector("hr, img, svg, .slack_blocks_to_jsx__divider, table")) {
    picture.classList.toggle("plain-text", block.type !== "divider");
    if (block.type !== "divider") picture.textContent = hasOnlyControls(block) ? "" : `(${block.type} block)`;
  }
  const wanted = elementsOf(block).filter((element) => !kit || !PRESSED.has(element.type));
  const key = JSON.stringify(wanted);
  if (controls.dataset.key === key) return;
  controls.dataset.key = key;
  controls.replaceChildren(...wanted.flatMap((element) => controlFor(element, block, node)));
  controls.hidden = !wanted.length;
}

function hasOnlyControls(block) {
  return ["actions", "context_actions"].includes(block.type);
}

// Every element somebody can use in a block, wherever Block Kit puts it.
function elementsOf(block) {
  const places = [block.accessory, ...(block.type === "card" ? block.actions ?? [] : [])];
  if (hasOnlyControls(block)) places.push(...(block.elements ?? []));
  const inner = [...(block.child_blocks ?? []), ...(block.type === "carousel" ? block.elements ?? [] : [])];
  return [...places.filter((element) => element && element.type !== "image"), ...inner.flatMap(elementsOf)];
}

function controlFor(element, block, node) {
  const press = (value, from) => drawn.get(node).context.press(element, block, value, from);
  if (element.type === "feedback_buttons") {
    return [element.positive_button, element.negative_button].map((side) =>
      button("button", plain(side.text.text), (event) => press(side.value, event.currentTarget)));
  }
  if (PRESSED.has(element.type)) {
    const style = ["primary", "danger"].includes(element.style) ? element.style : "";
    const made = button(`button ${style}`, plain(element.text?.text), (event) => use(element, press, event.currentTarget));
    made.id = element.action_id;
    return [made];
  }
  const { node: field, value } = widget(element, drawn.get(node).context.names);
  field.setAttribute("aria-label", plain(element.placeholder?.text ?? element.type.replaceAll("_", " ")));
  field.addEventListener("change", () => press(value(), field));
  return [field];
}

function use(element, press, node) {
  if (element.url && /^https?:/i.test(element.url)) window.open(element.url, "_blank", "noopener");
  press(null, node);
}

// Slack's `verbatim` leaves names and addresses alone; the kit would leave all markup alone.
const LEFT_OUT = new Set(["plain", "confirm", "verbatim"]);

// How the texts of a block are made fit for the kit.
const READ = { mrkdwn: gentle, plain_text: unescaped, markdown: withoutPictures };

// What the kit is given: no dialogs, menus or addresses of its own, and no picture from elsewhere.
function stripped(thing) {
  if (Array.isArray(thing)) {
    const kept = thing.filter((each) => !isChosenIn(each));
    return kept.map(stripped);
  }
  if (thing === null || typeof thing !== "object") return thing;
  if (thing.type === "image") return localPicture(thing);
  const copy = {};
  for (const [key, value] of Object.entries(thing)) {
    if (LEFT_OUT.has(key) || (key === "url" && thing.type === "button")) continue;
    if (key === "accessory" && (isChosenIn(value) || (value.type === "image" && !isLocal(value.image_url)))) continue;
    if (["hero_image", "icon"].includes(key) && value?.image_url && !isLocal(value.image_url)) continue;
    if (key === "text" && typeof value === "string" && READ[thing.type]) copy.text = READ[thing.type](value);
    else copy[key] = stripped(value);
  }
  if (thing.type === "video") return { type: "section", text: { type: "mrkdwn", text: `(video: ${thing.alt_text ?? ""})` } };
  return copy;
}

function isChosenIn(element) {
  const kinds = /(_select|picker|checkboxes|radio_buttons|overflow|_input)$/;
  return typeof element?.type === "string" && Boolean(element.action_id) && kinds.test(element.type);
}

const isLocal = (address) => /^data:image\//.test(address ?? "") || (address ?? "").startsWith(`${location.origin}/`);

// Pictures from elsewhere are named, not loaded: this page talks to nobody.
function localPicture(image) {
  if (isLocal(image.image_url)) return image;
  const text = { type: "mrkdwn", text: `(image: ${image.alt_text ?? ""})` };
  return image.title || image.block_id ? { type: "context", elements: [text] } : text;
}

function withoutPictures(text) {
  return String(text ?? "").replace(/!\[([^\]]*)\]\([^)]*\)/g, "(image: $1)");
}

// The one listener for everything the kit draws; it comes first, so that the kit never acts by itself.
document.addEventListener("click", (event) => {
  const node = event.target.closest(".drawn button");
  const where = node?.closest(".block");
  if (!where || !drawn.has(where)) return;
  const { block, context } = drawn.get(where);
  const holder = node.id ? node : node.closest("[id]");
  const element = elementsOf(block).find((each) => each.action_id === holder?.id);
  if (!element || !PRESSED.has(element.type)) return;
  event.stopPropagation();
  if (element.type === "feedback_buttons") {
    const isFirst = node === holder.querySelector("button");
    const side = isFirst ? element.positive_button : element.negative_button;
    context.press(element, block, side.value, node);
  } else use(element, (value, from) => context.press(element, block, value, from), node);
}, true);

const section = (text) => ({ type: "section", text: { type: "mrkdwn", text } });

export function drawText(node, text, context) {
  return drawBlocks(node, [section(text)], context);
}

// The attachments of before Block Kit, which most monitors still send.
export function attachmentNode(attachment, context) {
  const body = el("div", "attachment");
  const colour = String(attachment.color ?? "").replace("#", "");
  if (/^[0-9a-f]{6}$/i.test(colour)) body.style.borderLeftColor = `#${colour}`;
  const add = (className, text) => body.append(drawText(el("div", className), text, context));
  if (attachment.author_name) body.append(el("div", "muted", plain(attachment.author_name)));
  if (attachment.title) {
    const title = plain(attachment.title);
    body.append(el("div", "title", attachment.title_link ? link(attachment.title_link, title) : title));
  }
  if (attachment.text) add("", attachment.text);
  if (attachment.blocks?.length) body.append(drawBlocks(el("div"), attachment.blocks, context));
  if (attachment.fields?.length) {
    const fields = attachment.fields.map((field) =>
      el("div", field.short ? "" : "wide", el("b", "", plain(field.title)), drawText(el("div"), field.value, context)));
    body.append(el("div", "fields", ...fields));
  }
  if (attachment.actions?.length) {
    const links = attachment.actions.map((action) => {
      const node = link(action.url ?? "", plain(action.text));
      node.className = "button";
      return node;
    });
    body.append(el("div", "controls", ...links));
  }
  if (attachment.image_url) body.append(el("span", "muted", `(image: ${attachment.fallback ?? "image"})`));
  if (!body.childNodes.length && attachment.fallback) body.append(plain(attachment.fallback));
  if (attachment.footer) body.append(el("div", "footer", plain(attachment.footer)));
  const before = attachment.pretext ? drawText(el("div"), attachment.pretext, context) : null;
  return el("div", "", before, body);
}
