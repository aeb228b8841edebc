// Fields that hold a value, in forms and beside messages: native ones, which keyboards and screen readers know.

import { el, plain } from "/page/dom.js";

const NATIVE = { datepicker: "date", timepicker: "time", datetimepicker: "datetime-local", number_input: "number", email_text_input: "email", url_text_input: "url" };

// { node, value() } for an element; `known` is what stood in it before, if it was shown before.
export function widget(element, names, known) {
  const listed = optionsOf(element, names);
  if (listed) return /^(checkboxes|multi_)/.test(element.type) ? many(element, listed, known) : one(element, listed, known);
  const node = el(element.multiline ? "textarea" : "input");
  if (element.multiline) node.rows = 4;
  else node.type = NATIVE[element.type] ?? "text";
  node.placeholder = plain(element.placeholder?.text);
  if (element.max_length) node.maxLength = element.max_length;
  if (element.type === "datetimepicker") return moment(node, known ?? element.initial_date_time);
  node.value = known ?? element.initial_value ?? element.initial_date ?? element.initial_time ?? "";
  return { node, value: () => node.value };
}

function moment(node, seconds) {
  if (seconds) node.value = new Date((seconds - new Date().getTimezoneOffset() * 60) * 1000).toISOString().slice(0, 16);
  return { node, value: () => (node.value ? Math.floor(new Date(node.value).getTime() / 1000) : null) };
}

// [label, value] of what can be chosen; null for a field that is typed into.
function optionsOf(element, names) {
  const given = [...(element.options ?? []), ...(element.option_groups ?? []).flatMap((group) => group.options)];
  if (given.length) return given.map((option) => [plain(option.text.text), option.value]);
  const list = { users: names.users, channels: names.channels, conversations: names.channels }[/(\w+)_select$/.exec(element.type)?.[1].replace("multi_", "")];
  return list ? list.map((entry) => [entry.name, entry.id]) : /_select$/.test(element.type) ? [] : null;
}

function one(element, listed, known) {
  const node = el("select", "button");
  const choices = [[plain(element.placeholder?.text ?? "Choose…"), ""], ...listed];
  node.append(...choices.map(([label, value]) => Object.assign(el("option", "", label), { value })));
  node.value = known ?? element.initial_option?.value ?? element.initial_user ?? element.initial_channel ?? element.initial_conversation ?? "";
  return { node, value: () => node.value || null };
}

function many(element, listed, known) {
  const before = known ?? (element.initial_options ?? []).map((option) => option.value);
  const boxes = listed.map(([label, value]) => {
    const box = Object.assign(el("input"), { type: "checkbox", value, checked: before.includes(value) });
    return { box, row: el("label", "choice", box, label) };
  });
  const node = el("div", "choices", ...boxes.map((entry) => entry.row));
  return { node, value: () => boxes.filter((entry) => entry.box.checked).map((entry) => entry.box.value) };
}
