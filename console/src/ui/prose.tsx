import type { JSX } from "preact";

/** Text in which `code` stands between backticks, as people write it in descriptions and the server in hints. */
export function Prose({ text }: { text: string }): JSX.Element {
  return <>{text.split(/`([^`\n]+)`/).map((part, n) => (n % 2 ? <code key={n}>{part}</code> : part))}</>;
}
