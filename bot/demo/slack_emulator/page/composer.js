// The box one writes in: Enter sends, Shift+Enter is a new line, "/" offers the app's commands.

import { $, el } from "/page/dom.js";

export function composer(form, box, send) {
  form.onsubmit = (event) => {
    event.preventDefault();
    const text = box.value.trim();
    if (!text) return;
    box.value = "";
    grow(box);
    send(text);
  };
  box.addEventListener("input", () => grow(box));
  box.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
}

function grow(box) {
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, 160)}px`;
}

// Completion of "/…" in one box; `commands()` gives what there is.
export function completion(box, commands) {
  const list = $("completion");
  let fitting = [];
  let chosen = 0;

  function show(found) {
    fitting = found;
    chosen = 0;
    draw();
  }

  function draw() {
    const rows = fitting.map((command, index) => {
      const row = el("li", index === chosen ? "current" : "", el("b", "", command.name), ` ${command.hint}`, el("span", "muted", command.description));
      row.id = `command-${index}`;
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", String(index === chosen));
      row.onmousedown = (event) => { event.preventDefault(); take(index); };
      return row;
    });
    list.replaceChildren(...rows);
    list.hidden = !rows.length;
    box.setAttribute("aria-expanded", String(Boolean(rows.length)));
    if (rows.length) box.setAttribute("aria-activedescendant", `command-${chosen}`);
    else box.removeAttribute("aria-activedescendant");
  }

  function take(index) {
    box.value = `${fitting[index].name} `;
    show([]);
    box.focus();
  }

  const KEYS = {
    ArrowDown: () => { chosen = (chosen + 1) % fitting.length; draw(); },
    ArrowUp: () => { chosen = (chosen + fitting.length - 1) % fitting.length; draw(); },
    Tab: () => take(chosen),
    Enter: () => take(chosen),
    Escape: () => show([]),
  };

  box.addEventListener("input", () => {
    const typed = box.value;
    show(/^\/\S*$/.test(typed) ? commands().filter((each) => each.name.startsWith(typed) && each.name !== typed) : []);
  });
  box.addEventListener("blur", () => show([]));
  box.addEventListener("keydown", (event) => {
    if (!fitting.length || !KEYS[event.key] || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    KEYS[event.key]();
  }, true);
}

