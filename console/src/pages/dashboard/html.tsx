import DOMPurify from "dompurify";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { resolve } from "./actions";
import { filled, plain, type Values } from "./tokens";

// What a panel may do to how its own text looks. The content policy forbids style attributes; these are set one by one.
const STYLES = new Set([
  "color", "background-color", "font-size", "font-weight", "font-style", "text-align", "text-decoration", "white-space", "margin", "margin-top",
  "margin-bottom", "margin-left", "margin-right", "padding", "width", "max-width", "height", "border", "display",
]); // prettier-ignore
const TAGS = [
  "a", "b", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup", "dd", "del", "div", "dl", "dt", "em", "figcaption", "figure",
  "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "section", "small", "span", "strong",
  "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var",
]; // prettier-ignore

const ATTRIBUTES = ["href", "src", "alt", "title", "colspan", "rowspan", "target", "data-style"];
const VOID = new Set(["br", "col", "hr", "img", "wbr"]);

const escaped = (words: string): string => words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** The tree of a view as HTML; what XML writes as `<p/>` is closed, and styles are put aside before anything reads them. */
function written(node: Node): string {
  if (!(node instanceof Element)) return node.nodeType === Node.COMMENT_NODE ? "" : escaped(node.nodeValue ?? "");
  const attributes = [...node.attributes].map(({ name, value }) => [name === "style" ? "data-style" : name, value] as const);
  const kept = attributes.flatMap(([name, value]) => (ATTRIBUTES.includes(name) ? ` ${name}="${escaped(value)}"` : [])).join("");
  return `<${node.tagName}${kept}>${[...node.childNodes].map(written).join("")}${VOID.has(node.tagName) ? "" : `</${node.tagName}>`}`;
}

/** The markup of a panel, made harmless, with values put in as text: nothing in a value is ever markup. */
function made(markup: Element, values: Values, app: string): DocumentFragment {
  const clean = DOMPurify.sanitize([...markup.childNodes].map(written).join(""), {
    RETURN_DOM_FRAGMENT: true,
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ADD_URI_SAFE_ATTR: ["data-style"],
    ALLOW_DATA_ATTR: false,
  });
  const texts = document.createTreeWalker(clean, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) node.nodeValue = plain(node.nodeValue ?? "", values);
  for (const one of clean.querySelectorAll<HTMLElement>("*")) dress(one, values, app);
  headed(clean);
  return clean;
}

/** A panel's headings come below the view's own: the highest of them is a second one, whatever it was written as. */
function headed(clean: DocumentFragment): void {
  const found = [...clean.querySelectorAll("h1, h2, h3, h4, h5, h6")];
  const highest = Math.min(...found.map((one) => Number(one.tagName[1])));
  for (const one of found) {
    const level = document.createElement(`h${Math.min(Number(one.tagName[1]) - highest + 2, 6)}`);
    level.append(...one.childNodes);
    level.style.cssText = one instanceof HTMLElement ? one.style.cssText : "";
    one.replaceWith(level);
  }
}

function dress(one: HTMLElement, values: Values, app: string): void {
  for (const name of ["alt", "title"]) if (one.hasAttribute(name)) one.setAttribute(name, plain(one.getAttribute(name) ?? "", values));
  const style = one.getAttribute("data-style");
  one.removeAttribute("data-style");
  for (const part of style?.split(";") ?? []) {
    const at = part.indexOf(":");
    const name = part.slice(0, at).trim().toLowerCase();
    const value = plain(part.slice(at + 1).trim(), values);
    if (at > 0 && STYLES.has(name) && !/url\s*\(/i.test(value)) one.style.setProperty(name, value);
  }
  const href = one.getAttribute("href");
  if (href !== null) {
    const found = resolve(filled(href, values, "u"), app);
    if (!found) one.removeAttribute("href");
    else {
      one.setAttribute("href", found.href);
      if (one.getAttribute("target") === "_blank" || found.origin !== window.location.origin) {
        one.setAttribute("target", "_blank");
        one.setAttribute("rel", "noopener noreferrer");
      } else one.removeAttribute("target");
    }
  }
  const source = one.getAttribute("src");
  if (source !== null) {
    const found = resolve(filled(source, values, "u"), app);
    if (found?.origin === window.location.origin) one.setAttribute("src", found.href);
    else one.replaceWith(document.createTextNode(one.getAttribute("alt") ?? ""));
  }
}

export function Html({ markup, values, app }: { markup: Element; values: Values; app: string }): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.replaceChildren(made(markup, values, app)), [markup, values, app]);
  return <div class="dash-html" ref={place} />;
}
