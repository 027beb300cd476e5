/** Ticks of an axis of time: the hour, and below it the day where it begins. Times are UTC, the server's zone. */

import type { ScaleTime } from "d3-scale";

export interface Tick {
  at: number; // pixels
  text: string;
  below: string; // a second line
}

const MINUTE = 60_000;
const DAY = 86_400_000;
const written = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat => new Intl.DateTimeFormat("en", { timeZone: "UTC", ...options });
const seconds = written({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const minutes = written({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = written({ weekday: "short", month: "short", day: "numeric", year: "numeric" });
const short = written({ month: "short", day: "numeric" });
const month = written({ month: "short" });
const year = written({ year: "numeric" });

export function timeTicks(scale: ScaleTime<number, number>, wanted: number): Tick[] {
  const times = scale.ticks(wanted);
  const step = Math.min(...times.slice(1).map((t, n) => t.getTime() - (times[n]?.getTime() ?? 0)));
  const [above, below] = step < MINUTE ? [seconds, day] : step < DAY ? [minutes, day] : step < 28 * DAY ? [short, year] : step < 360 * DAY ? [month, year] : [year, undefined];
  let last = "";
  return times.map((t) => {
    const under = below?.format(t) ?? "";
    const fresh = under !== last;
    last = under;
    return { at: scale(t), text: above.format(t), below: fresh ? under : "" };
  });
}
