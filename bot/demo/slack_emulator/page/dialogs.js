// Modal dialogs: the confirmation of a button, and the app's forms.

import { renderBlock, textNode } from "/page/blocks.js";
import { el, plain } from "/page/markup.js";

export function confirmed(confirm, context) {
  return new Promise((resolve) => {
    const dialog = el("dialog", "confirm");
    const no = el("button", "button", plain(confirm.deny?.text ?? "Cancel"));
    const yes = el("button", `button ${confirm.style === "danger" ? "danger" : "primary"}`, plain(confirm.confirm?.text ?? "Yes"));
    dialog.append(
      el("div", "head", el("h2", "", plain(confirm.title?.text))),
      el("div", "inside", textNode(confirm.text, context)),
      el("div", "foot", no, yes),
    );
    const finish = (answer) => { dialog.close(); dialog.remove(); resolve(answer); };
    no.onclick = () => finish(false);
    yes.onclick = () => finish(true);
    dialog.oncancel = (event) => { event.preventDefault(); finish(false); };
    document.body.append(dialog);
    dialog.showModal();
    yes.focus();
  });
}

let shown = null;

// Shows the topmost view, and only draws it anew when it is another one.
export function showView(view, context) {
  const key = view ? `${view.id} ${view.hash}` : null;
  if (shown?.key === key) return;
  shown?.dialog.remove();
  shown = view ? { key, dialog: form(view, context) } : null;
  if (!shown) return;
  document.body.append(shown.dialog);
  shown.dialog.showModal();
}

function form(view, context) {
  const dialog = el("dialog", "view");
  const inside = el("div", "inside");
  const inputs = [];
  const typed = () => {
    const values = {};
    for (const field of inputs) (values[field.block_id] ??= {})[field.action_id] = field.value();
    return values;
  };
  const around = { ...context, press: (element, block, value, node) => context.press(element, block, value, node, typed()) };
  for (const block of view.blocks ?? []) {
    if (block.type !== "input") {
      inside.append(renderBlock(block, around));
      continue;
    }
    const field = input(block, context);
    inputs.push(field);
    inside.append(field.node);
  }
  const problem = el("span", "problem");
  const close = el("button", "button", plain(view.close?.text ?? "Cancel"));
  const send = view.submit ? el("button", "button primary", plain(view.submit.text)) : null;
  const dismiss = () => context.close(view);
  close.onclick = dismiss;
  dialog.oncancel = (event) => { event.preventDefault(); dismiss(); };
  if (send) send.onclick = async () => {
    send.disabled = true;
    const outcome = await context.submit(view, typed());
    send.disabled = false;
    for (const field of inputs) field.complain(outcome.errors?.[field.block_id] ?? "");
    problem.textContent = outcome.errors ? "" : outcome.shown ?? outcome.problem ?? "";
  };
  dialog.append(el("div", "head", el("h2", "", plain(view.title?.text))), inside, el("div", "foot", problem, close, send));
  return dialog;
}

function input(block, context) {
  const { element } = block;
  const label = el("label", "", plain(block.label?.text), block.optional ? el("span", "optional", " (optional)") : null);
  const problem = el("div", "problem");
  const widget = makeWidget(element);
  label.append(widget.node);
  const node = el("div", "block input", label, block.hint ? el("div", "hint", textNode(block.hint, context)) : null, problem);
  return {
    node,
    block_id: block.block_id,
    action_id: element.action_id,
    value: widget.value,
    complain: (text) => { problem.textContent = text; },
  };
}

const NATIVE = { datepicker: "date", timepicker: "time", number_input: "number", email_text_input: "email", url_text_input: "url" };

function makeWidget(element) {
  if (element.options) return ["checkboxes", "multi_static_select"].includes(element.type) ? many(element) : one(element);
  const node = element.multiline ? el("textarea") : el("input");
  if (!element.multiline) node.type = NATIVE[element.type] ?? "text";
  else node.rows = 4;
  node.value = element.initial_value ?? element.initial_date ?? element.initial_time ?? "";
  node.placeholder = element.placeholder?.text ?? "";
  return { node, value: () => node.value };
}

function one(element) {
  const node = el("select");
  node.append(Object.assign(el("option", "", plain(element.placeholder?.text ?? "Choose…")), { value: "" }));
  for (const option of element.options) node.append(Object.assign(el("option", "", plain(option.text.text)), { value: option.value }));
  node.value = element.initial_option?.value ?? "";
  return { node, value: () => node.value };
}

function many(element) {
  const before = (element.initial_options ?? []).map((option) => option.value);
  const boxes = element.options.map((option) => {
    const box = Object.assign(el("input"), { type: "checkbox", value: option.value, checked: before.includes(option.value) });
    return { box, row: el("div", "", box, " ", plain(option.text.text)) };
  });
  const node = el("div", "", ...boxes.map((entry) => entry.row));
  return { node, value: () => boxes.filter((entry) => entry.box.checked).map((entry) => entry.box.value) };
}
