// mrkdwn for a drawer that also reads Markdown, and reads some of it wrongly: it swallows headings, rules, tables,
// indents and pictures, which mean nothing in Slack, doubles the stars inside code, and takes escaped angle brackets
// for live ones. An invisible space, or a sign that looks the same, keeps it from that.

const ZERO = "\u200b";
const CODE = /(```[\s\S]*?```|`[^`\n]+`)/;
const EATEN_AT_LINE_START = /^(?=[ \t]|#|\||=|\+|-|\[|\d+[.)]|\*\*|_[\s_])/gm;

export function gentle(text) {
  return unescaped(text).split(CODE).map((part, index) => (index % 2 ? code(part) : prose(part))).join("");
}

export function unescaped(text) {
  return String(text ?? "").replaceAll("&lt;", `<${ZERO}`).replaceAll("&gt;", ">");
}

function prose(text) {
  const lines = text.replace(EATEN_AT_LINE_START, ZERO).replace(/^\*(?=\s)/gm, "∗");
  return lines.replace(/\\(?=[!-/:-@[-`{-~])/g, `\\${ZERO}`).replaceAll("![", `!${ZERO}[`);
}

function code(text) {
  return text.replaceAll("*", "∗").replaceAll("~", "∼").replace(/\n(?=\n)/g, `\n${ZERO}`);
}
