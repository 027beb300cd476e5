import type { JSX } from "preact";
import { useEffect, useId, useMemo, useState } from "preact/hooks";

import { rows, text } from "../../jobs";
import { useLoading } from "../../ui/loading";
import { Popover } from "../../ui/popover";
import { TimeRange } from "../../ui/timerange";
import { handle } from "./actions";
import { useSearch, useStage, useTokens } from "./searches";
import { visible, type Choice } from "./store";
import { plain } from "./tokens";
import type { Input } from "./view";

const MOST_CHOICES = 1_000;

interface Option {
  value: string;
  label: string;
}

/** The choices that are written in the view, then those that its search found; each value once. */
function useOptions(input: Input): { options: Option[]; known: boolean } {
  const ran = useSearch(input.search);
  const { value } = useLoading(
    async (signal) => (ran.sid && ran.done ? { sid: ran.sid, table: await rows(ran.sid, "results", { count: MOST_CHOICES, search: ran.post || undefined }, signal) } : undefined),
    [ran.sid, ran.done, ran.post],
  );
  const options = useMemo(() => {
    const found = new Map(input.choices.map((choice) => [choice.value, choice.label]));
    if (value) {
      const { fields, rows: lines } = value.table;
      const of = Math.max(fields.indexOf(input.fieldForValue), 0);
      const named = Math.max(fields.indexOf(input.fieldForLabel), 0);
      for (const row of lines) if (row[of] !== null && !found.has(text(row[of]))) found.set(text(row[of]), text(row[named]) || text(row[of]));
    }
    return [...found].map(([value, label]) => ({ value, label }));
  }, [value, input]);
  return { options, known: !input.search || value !== undefined };
}

export function InputView({ input }: { input: Input }): JSX.Element | null {
  const stage = useStage();
  const { store } = stage;
  const values = useTokens(store);
  const { options, known } = useOptions(input);
  const [, drawn] = useState(0);
  useEffect(() => store.subscribe(() => drawn((n) => n + 1)), [store]);
  const choice = store.chosen(input);

  const choose = (next: Choice | undefined, quietly = false): void => {
    store.choose(input, next);
    if (quietly && !input.change) return;
    const value = next && "length" in next ? next.join(",") : "";
    const label = options.find((option) => option.value === value)?.label ?? value;
    void handle(input.change, new Map([["value", value], ["label", label]]), stage);
  };
  useEffect(() => {
    const first = options[0];
    if (choice === undefined && input.firstChoice && known && first) choose([first.value], true);
  }, [options, known, choice === undefined]);
  useEffect(() => {
    // What the address or the default gave is a choice as well.
    if (choice !== undefined && input.change) choose(choice, true);
  }, []);

  if (!visible(input, values)) return null;
  const label = plain(input.label, values) || input.token || "Time range";
  if (input.type === "time") {
    const range = choice && !("length" in choice) ? choice : { earliest: "0", latest: "" };
    return (
      <div class="dash-input">
        <span class="dash-label">{label}</span>
        <TimeRange range={range} choose={(next) => choose(next)} label={label} />
      </div>
    );
  }
  const chosen: readonly string[] = choice && "length" in choice ? choice : [];
  return <Control input={input} label={label} options={options} chosen={chosen} choose={(next) => choose(next)} />;
}

/** Any number of choices, with those that have a text in them. */
function Many({ label, options, chosen, choose }: { label: string; options: readonly Option[]; chosen: readonly string[]; choose: (next: string[] | undefined) => void }): JSX.Element {
  const [filter, setFilter] = useState("");
  const shown = options.filter((option) => option.label.toLowerCase().includes(filter.toLowerCase()));
  return (
    <div class="pad stack">
      {options.length > 8 && <input aria-label={`Filter ${label}`} placeholder="filter" value={filter} onInput={(event) => setFilter(event.currentTarget.value)} />}
      <div class="dash-many" role="group" aria-label={label} tabIndex={0}>
        {shown.map((option) => (
          <label key={option.value}>
            <input
              type="checkbox"
              checked={chosen.includes(option.value)}
              onChange={(event) => {
                const others = chosen.filter((one) => one !== option.value);
                const next = event.currentTarget.checked ? [...others, option.value] : others;
                choose(next.length ? next : undefined);
              }}
            />{" "}
            {option.label}
          </label>
        ))}
        {!shown.length && <span class="muted">Nothing to choose.</span>}
      </div>
    </div>
  );
}

interface ControlProps {
  input: Input;
  label: string;
  options: readonly Option[];
  chosen: readonly string[];
  choose: (next: string[] | undefined) => void;
}

function Control({ input, label, options, chosen, choose }: ControlProps): JSX.Element {
  const id = useId();
  const value = chosen[0] ?? "";
  switch (input.type) {
    case "dropdown":
      return (
        <label class="dash-input">
          <span class="dash-label">{label}</span>
          <select value={value} onChange={(event) => choose([event.currentTarget.value])}>
            {!options.some((option) => option.value === value) && <option value={value}>{value}</option>}
            {options.map((option) => (
              <option key={option.value} value={option.value}>
                {option.label}
              </option>
            ))}
          </select>
        </label>
      );
    case "multiselect":
      return (
        <div class="dash-input">
          <span class="dash-label">{label}</span>
          <Popover label={<span class="range-name">{chosen.length ? chosen.map((one) => options.find((option) => option.value === one)?.label ?? one).join(", ") : "none"} ▾</span>} title={`${label}: ${chosen.join(", ") || "none"}`}>
            {() => <Many label={label} options={options} chosen={chosen} choose={choose} />}
          </Popover>
        </div>
      );
    case "radio":
    case "checkbox":
      return (
        <fieldset class="dash-input dash-choices">
          <legend class="dash-label">{label}</legend>
          <div class="row">
            {options.map((option) => (
              <label key={option.value} class="row">
                <input
                  type={input.type === "radio" ? "radio" : "checkbox"}
                  name={id}
                  checked={chosen.includes(option.value)}
                  onChange={(event) => {
                    const others = input.type === "radio" ? [] : chosen.filter((one) => one !== option.value);
                    const next = event.currentTarget.checked ? [...others, option.value] : others;
                    choose(next.length ? next : undefined);
                  }}
                />
                {option.label}
              </label>
            ))}
          </div>
        </fieldset>
      );
    case "link":
      return (
        <div class="dash-input" role="group" aria-label={label}>
          <span class="dash-label">{label}</span>
          <div class="row">
            {options.map((option) => (
              <button key={option.value} type="button" class="button plain small" aria-pressed={chosen.includes(option.value)} onClick={() => choose([option.value])}>
                {option.label}
              </button>
            ))}
          </div>
        </div>
      );
    default:
      return (
        <label class="dash-input">
          <span class="dash-label">{label}</span>
          <input
            type="text"
            key={value}
            defaultValue={value}
            onChange={(event) => choose([event.currentTarget.value])}
            onKeyDown={(event) => event.key === "Enter" && event.currentTarget.value !== value && choose([event.currentTarget.value])}
          />
        </label>
      );
  }
}
