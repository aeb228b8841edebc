// Modal dialogs: the confirmation of a button, and the app's forms. The browser keeps the focus inside them.

import { drawBlocks, drawText } from "/page/drawing.js";
import { button, el, plain } from "/page/dom.js";
import { widget } from "/page/widgets.js";

let number = 0;

function opened(dialog, title, focused) {
  const heading = el("h2", "", title);
  heading.id = `dialog-title-${(number += 1)}`;
  dialog.setAttribute("aria-labelledby", heading.id);
  dialog.firstChild.prepend(heading);
  const before = document.activeElement;
  document.body.append(dialog);
  dialog.showModal();
  focused()?.focus();
  return () => {
    dialog.close();
    dialog.remove();
    // What was pressed may have been drawn anew meanwhile.
    const isThere = before?.isConnected && before !== document.body;
    const box = document.querySelector("#thread:not([hidden]) textarea") ?? document.querySelector("#text");
    (isThere ? before : box).focus();
  };
}

export function confirmed(confirm, context) {
  return new Promise((resolve) => {
    const style = confirm.style === "danger" ? "danger" : "primary";
    const no = button("button", plain(confirm.deny?.text ?? "Cancel"), () => finish(false));
    const yes = button(`button ${style}`, plain(confirm.confirm?.text ?? "Yes"), () => finish(true));
    const inside = el("div", "inside");
    const dialog = el("dialog", "confirm", el("div", "head"), inside, el("div", "foot", no, yes));
    const close = opened(dialog, plain(confirm.title?.text), () => yes);
    drawText(inside, confirm.text?.text ?? "", context);
    const finish = (answer) => { close(); resolve(answer); };
    dialog.oncancel = (event) => { event.preventDefault(); finish(false); };
  });
}

let shown = null;

// Shows the topmost view, and only draws it anew when it is another one or was updated.
export function showView(view, context) {
  const key = view ? `${view.id} ${view.hash}` : null;
  if (shown?.key === key) return;
  const typed = shown?.id === view?.id ? shown?.typed() : {};
  shown?.close();
  shown = view ? { key, id: view.id, ...form(view, context, typed ?? {}) } : null;
}

function form(view, context, before) {
  const inside = el("div", "inside");
  const fields = [];
  const typed = () => {
    const values = {};
    for (const field of fields) (values[field.block_id] ??= {})[field.action_id] = field.value();
    return values;
  };
  const around = { ...context, press: (element, block, value, node) => context.press(element, block, value, node, typed()) };
  const problem = el("span", "problem");
  problem.setAttribute("role", "alert");
  const dismiss = () => context.close(view);
  const send = view.submit ? el("button", "button primary", plain(view.submit.text)) : null;
  const foot = el("div", "foot", problem, button("button", plain(view.close?.text ?? "Cancel"), dismiss), send);
  const sheet = el("form", "", inside, foot);
  sheet.noValidate = true;
  const dialog = el("dialog", "view", el("div", "head"), sheet);
  const first = () => inside.querySelector("input, textarea, select") ?? foot.querySelector("button");
  const close = opened(dialog, plain(view.title?.text), first);
  for (const block of view.blocks ?? []) {
    if (block.type === "input") {
      const field = input(block, context, before[block.block_id]?.[block.element.action_id]);
      fields.push(field);
      inside.append(field.node);
    } else {
      const node = el("div");
      inside.append(node);
      drawBlocks(node, [block], around);
    }
  }
  first()?.focus();
  dialog.oncancel = (event) => { event.preventDefault(); dismiss(); };
  sheet.onsubmit = async (event) => {
    event.preventDefault();
    if (!send) return;
    send.disabled = true;
    const outcome = await context.submit(view, typed());
    send.disabled = false;
    for (const field of fields) field.complain(outcome.errors?.[field.block_id] ?? "");
    problem.textContent = outcome.errors ? "" : (outcome.acked ? "" : outcome.shown) ?? outcome.problem ?? "";
  };
  return { close, typed };
}

function input(block, context, known) {
  const { node: field, value } = widget(block.element, context.names, known);
  const label = el("label", "", plain(block.label?.text), block.optional ? el("span", "optional", " (optional)") : null);
  const problem = el("div", "problem");
  field.id = `field-${(number += 1)}`;
  problem.id = `${field.id}-problem`;
  label.htmlFor = field.id;
  field.setAttribute("aria-describedby", problem.id);
  const hint = block.hint ? el("div", "hint", plain(block.hint.text)) : null;
  return {
    node: el("div", "input", label, field, hint, problem),
    block_id: block.block_id,
    action_id: block.element.action_id,
    value,
    complain: (text) => { problem.textContent = text; field.toggleAttribute("aria-invalid", Boolean(text)); },
  };
}
