/** Colours of cells, as the formats of a table ask for them. */

import { text, type Cell } from "../../jobs";
import { evaluate } from "./actions";
import type { Format } from "./view";

const SHARED = ["#1e93c6", "#f2b827", "#d6563c", "#6a5c9e", "#31a35f", "#ed8440", "#3863a0", "#a2cc3e", "#cc5068", "#73427f"];
const MOST_EVALUATED = 200;

/** A colour of CSS from what a view writes; undefined for anything else. */
export function colour(written: string | undefined): string | undefined {
  const found = written?.trim().replace(/^["']|["']$/g, "").replace(/^0x/i, "#") ?? "";
  return /^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(found) || /^[a-z]+$/i.test(found) ? found : undefined;
}

/** Black or white, whichever is read better on it. */
export function ink(background: string): string {
  const found = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(background.length === 4 ? background.replace(/[0-9a-f]/gi, "$&$&") : background);
  if (!found) return "#000000";
  const [r = 0, g = 0, b = 0] = found.slice(1).map((part) => {
    const c = parseInt(part, 16) / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000000" : "#ffffff";
}

/** A colour that can be read on the page in either scheme: darker, or lighter, than what the view chose. */
export function readable(chosen: string): string {
  return `light-dark(color-mix(in srgb, ${chosen} 62%, black), color-mix(in srgb, ${chosen} 72%, white))`;
}

const list = (written: string): string[] => written.replace(/^\[|\]$/g, "").split(",").map((one) => one.trim());

/** Which of the colours a number has: thresholds part them. */
export function byRange(value: number, thresholds: readonly number[], colours: readonly string[]): string | undefined {
  const at = thresholds.findIndex((limit) => value < limit);
  return colour(colours[at === -1 ? thresholds.length : at]);
}

export function between(from: string, to: string, part: number): string {
  const channel = (hex: string, n: number): number => parseInt(hex.slice(1 + 2 * n, 3 + 2 * n), 16);
  const mixed = [0, 1, 2].map((n) => Math.round(channel(from, n) + (channel(to, n) - channel(from, n)) * part));
  return `#${mixed.map((c) => c.toString(16).padStart(2, "0")).join("")}`;
}

/** Where an end of a scale lies: a number, a percentage of the span, a percentile; else where it lies by itself. */
function place(numbers: readonly number[], end: { type: string; value: string } | undefined, otherwise: number): number {
  const n = Number(end?.value);
  if (!end?.value || !Number.isFinite(n)) return otherwise;
  const sorted = [...numbers].sort((a, b) => a - b);
  const [low, high] = [sorted[0] ?? 0, sorted.at(-1) ?? 0];
  if (end.type === "percent") return low + ((high - low) * n) / 100;
  if (end.type === "percentile") return sorted[Math.min(Math.floor((n / 100) * sorted.length), sorted.length - 1)] ?? otherwise;
  return n;
}

function mapped(written: string): Map<string, string> {
  return new Map([...written.matchAll(/"((?:[^"\\]|\\.)*)"\s*:\s*(#?\w+)/g)].map((m) => [m[1] ?? "", m[2] ?? ""]));
}

/** A colour for each value of a column. */
export async function colours({ palette, scale }: Format, cells: readonly Cell[], app: string): Promise<Map<string, string>> {
  const values = [...new Set(cells.map(text))];
  const found = new Map<string, string>();
  const put = (value: string, one: string | undefined): void => void (one && found.set(value, one));
  if (!palette) return found;
  const numbers = values.map(Number).filter((n) => Number.isFinite(n));
  if (palette.type === "map") {
    const known = mapped(palette.text);
    for (const value of values) put(value, colour(known.get(value)));
  } else if (palette.type === "list" && scale?.type === "threshold") {
    const limits = list(scale.text).map(Number);
    for (const value of values) if (value !== "" && Number.isFinite(Number(value))) put(value, byRange(Number(value), limits, list(palette.text)));
  } else if (palette.type === "minMidMax") {
    const at = (end: "min" | "mid" | "max", otherwise: number): number => place(numbers, scale?.ends[end], otherwise);
    const [low, high] = [at("min", Math.min(...numbers)), at("max", Math.max(...numbers))];
    const middle = at("mid", (low + high) / 2);
    const [from, over, to] = [colour(palette.minColor) ?? "#ffffff", colour(palette.midColor), colour(palette.maxColor) ?? "#31a35f"];
    const share = (n: number, least: number, most: number): number => (most === least ? 1 : Math.min(Math.max((n - least) / (most - least), 0), 1));
    for (const value of values) {
      const n = Number(value);
      if (value === "" || !Number.isFinite(n)) continue;
      if (over === undefined) put(value, between(from, to, share(n, low, high)));
      else put(value, n <= middle ? between(from, over, share(n, low, middle)) : between(over, to, share(n, middle, high)));
    }
  } else if (palette.type === "sharedList" || palette.type === "list") {
    const known = palette.text ? list(palette.text) : SHARED;
    values.forEach((value, n) => put(value, colour(known[n % known.length])));
  } else if (palette.type === "expression") {
    const some = values.slice(0, MOST_EVALUATED);
    // Each value is the token `value` of an expression of its own; the server's eval says the colours of all at once.
    const names = some.map((_, n) => `value${n}`);
    const asked = names.map((name) => palette.text.replace(STRINGS, (part, word: string | undefined) => (word === "value" ? `$${name}$` : part)));
    const told = await evaluate(asked, new Map(some.flatMap((value, n) => (value === "" ? [] : [[names[n] ?? "", value] as const]))), app);
    some.forEach((value, n) => put(value, colour(told[n])));
  }
  return found;
}

// Words outside of quotes.
const STRINGS = /"(?:[^"\\]|\\.)*"|\b(value)\b/g;
