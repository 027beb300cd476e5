/** What this person searched in this browser, newest first. */

import type { Range } from "../../jobs";

export interface Past extends Range {
  search: string;
  at: number; // epoch milliseconds
}

const MOST = 200;

const key = (user: string): string => `caltrop.history.${user}`;

export function past(user: string): Past[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key(user)) ?? "[]");
    return Array.isArray(found) ? (found as Past[]) : [];
  } catch {
    return [];
  }
}

export function remember(user: string, search: string, range: Range): void {
  const others = past(user).filter((p) => p.search !== search);
  localStorage.setItem(key(user), JSON.stringify([{ search, ...range, at: Date.now() }, ...others].slice(0, MOST)));
}

export function forget(user: string): void {
  localStorage.removeItem(key(user));
}
