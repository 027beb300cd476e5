import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";

import type { Range } from "../jobs";
import { Popover } from "./popover";
import "./timerange.css";

const PRESETS: readonly (readonly [string, string, string])[] = [
  ["All time", "0", ""],
  ["Last 15 minutes", "-15m", "now"],
  ["Last 60 minutes", "-60m@m", "now"],
  ["Last 4 hours", "-4h@m", "now"],
  ["Last 24 hours", "-24h@h", "now"],
  ["Last 7 days", "-7d@h", "now"],
  ["Last 30 days", "-30d@d", "now"],
  ["Today", "@d", "now"],
  ["Yesterday", "-1d@d", "@d"],
  ["Week to date", "@w0", "now"],
  ["Month to date", "@mon", "now"],
  ["Year to date", "@y", "now"],
  ["Previous month", "-1mon@mon", "@mon"],
];

const UNITS = [
  ["s", "seconds"],
  ["m", "minutes"],
  ["h", "hours"],
  ["d", "days"],
  ["w", "weeks"],
  ["mon", "months"],
] as const;

function moment(text: string): string {
  if (/^\d+(?:\.\d+)?$/.test(text) && Number(text) > 0) return new Date(Number(text) * 1000).toISOString().replace(/\.000Z$/, "Z");
  return text;
}

/** A time range in words. */
export function rangeName({ earliest, latest }: Range): string {
  const found = PRESETS.find(([, e, l]) => (e === earliest || (e === "0" && !earliest)) && (l === latest || (!l && (latest === "now" || !latest))));
  if (found) return found[0];
  const from = earliest && earliest !== "0" ? moment(earliest) : "the beginning";
  return `${from} to ${latest ? moment(latest) : "now"}`;
}

/** A local time of the form, taken as UTC: the server's zone. */
function epoch(local: string): string {
  const at = Date.parse(`${local}Z`);
  return Number.isNaN(at) ? "" : String(at / 1000);
}

function local(text: string): string {
  const n = Number(text);
  return text && Number.isFinite(n) && n > 0 ? new Date(n * 1000).toISOString().slice(0, 19) : "";
}

export function TimeRange({ range, choose, label = "Time range" }: { range: Range; choose: (range: Range) => void; label?: string }): JSX.Element {
  return (
    <Popover label={<span class="range-name">{rangeName(range)} ▾</span>} title={`${label}: ${rangeName(range)}`} align="right">
      {(close) => (
        <Panel
          range={range}
          choose={(chosen) => {
            close();
            choose(chosen);
          }}
        />
      )}
    </Popover>
  );
}

function Panel({ range, choose }: { range: Range; choose: (range: Range) => void }): JSX.Element {
  const [amount, setAmount] = useState("24");
  const [unit, setUnit] = useState("h");
  const [from, setFrom] = useState(local(range.earliest));
  const [to, setTo] = useState(local(range.latest));
  const [earliest, setEarliest] = useState(range.earliest);
  const [latest, setLatest] = useState(range.latest);
  const id = useId();
  const group = (n: string): string => `${id}-${n}`;
  return (
    <div class="range">
      <section aria-labelledby={group("p")}>
        <h2 id={group("p")}>Presets</h2>
        <div class="range-presets">
          {PRESETS.map(([name, e, l]) => (
            <button type="button" class="item" key={name} onClick={() => choose({ earliest: e, latest: l })}>
              {name}
            </button>
          ))}
        </div>
      </section>
      <div class="stack">
        <section aria-labelledby={group("r")}>
          <h2 id={group("r")}>Relative</h2>
          <div class="row">
            <input aria-label="Amount" type="number" min="1" value={amount} onInput={(e) => setAmount(e.currentTarget.value)} />
            <select aria-label="Unit" value={unit} onChange={(e) => setUnit(e.currentTarget.value)}>
              {UNITS.map(([value, name]) => (
                <option value={value} key={value}>
                  {name} ago
                </option>
              ))}
            </select>
            <button type="button" class="button" disabled={!(Number(amount) > 0)} onClick={() => choose({ earliest: `-${amount}${unit}`, latest: "now" })}>
              Apply relative
            </button>
          </div>
        </section>
        <section aria-labelledby={group("d")}>
          <h2 id={group("d")}>Dates (UTC)</h2>
          <div class="range-pair">
            <label>
              From
              <input type="datetime-local" step="1" value={from} onInput={(e) => setFrom(e.currentTarget.value)} />
            </label>
            <label>
              To
              <input type="datetime-local" step="1" value={to} onInput={(e) => setTo(e.currentTarget.value)} />
            </label>
            <button type="button" class="button" disabled={!from && !to} onClick={() => choose({ earliest: epoch(from) || "0", latest: epoch(to) })}>
              Apply dates
            </button>
          </div>
        </section>
        <section aria-labelledby={group("a")}>
          <h2 id={group("a")}>Advanced: epoch seconds or modifiers</h2>
          <div class="range-pair">
            <label>
              Earliest
              <input placeholder="-24h@h" value={earliest} onInput={(e) => setEarliest(e.currentTarget.value)} />
            </label>
            <label>
              Latest
              <input placeholder="now" value={latest} onInput={(e) => setLatest(e.currentTarget.value)} />
            </label>
            <button type="button" class="button" onClick={() => choose({ earliest: earliest.trim(), latest: latest.trim() })}>
              Apply
            </button>
          </div>
        </section>
      </div>
    </div>
  );
}
