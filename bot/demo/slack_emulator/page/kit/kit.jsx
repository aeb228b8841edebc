// Block Kit as slack-blocks-to-jsx draws it, for a page that is not written in React.

import { Component } from "react";
import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";
import { Message } from "slack-blocks-to-jsx";
import "slack-blocks-to-jsx/dist/style.css";

const roots = new Map();

// A block that the library cannot draw must not take the page with it.
class Guard extends Component {
  state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  render() {
    return this.state.hasFailed ? <span>({this.props.type} block)</span> : this.props.children;
  }
}

// Only these may be followed: a message must not be able to run anything in this page.
function link({ href, children }) {
  if (!/^(https?|mailto):/i.test(href ?? "")) return <span>{children}</span>;
  return <a href={href} target="_blank" rel="noopener noreferrer">{children}</a>;
}

// What is no emoji keeps its colons: "10:20:30" is a time.
function emoji(found, parse) {
  const shown = parse(found);
  if (found.name.startsWith(":")) return found.name;
  return shown === found.name ? `:${found.name}:` : shown;
}

// `names` holds users, channels and groups as [{ id, name }], `me`, and `date` for <!date^…>.
export function draw(node, block, names) {
  if (!roots.has(node)) roots.set(node, createRoot(node));
  const hooks = {
    link,
    emoji,
    user: ({ id, name }) => <span className={id === names.me ? "mention me" : "mention"}>@{name}</span>,
    date: ({ timestamp, format, link: href }) => {
      const shown = names.date(timestamp, format);
      return href ? link({ href, children: shown }) : <span>{shown}</span>;
    },
  };
  const data = { users: names.users, channels: names.channels, user_groups: names.groups };
  const drawn = <Message blocks={[block]} data={data} hooks={hooks} theme="light" logo="" name="" withoutWrapper />;
  flushSync(() => roots.get(node).render(<Guard key={block.type} type={block.type}>{drawn}</Guard>));
}

// Nodes that have left the page are forgotten.
export function sweep() {
  for (const [node, root] of roots) {
    if (node.isConnected) continue;
    roots.delete(node);
    root.unmount();
  }
}
