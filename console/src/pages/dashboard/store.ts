/** What a view knows: its tokens, as panels see them and as its inputs stand before the button is pressed. */

import type { Input, Shown } from "./view";
import type { Values } from "./tokens";

export type Choice = readonly string[] | { earliest: string; latest: string };

/** Of what an input holds, the tokens: its form, and the text that it stands for. */
function tokensOf(input: Input, choice: Choice | undefined): [string, string][] {
  const { token } = input;
  if (choice === undefined) return [];
  if (!("length" in choice)) {
    const { earliest, latest } = choice;
    if (!token) return [["earliest", earliest], ["latest", latest], ["form.earliest", earliest], ["form.latest", latest]];
    return [[`${token}.earliest`, earliest], [`${token}.latest`, latest], [`form.${token}.earliest`, earliest], [`form.${token}.latest`, latest]];
  }
  if (!token) return [];
  const each = choice.map((value) => `${input.valuePrefix}${value}${input.valueSuffix}`);
  return [[`form.${token}`, choice.join(",")], [token, `${input.prefix}${each.join(input.delimiter)}${input.suffix}`]];
}

export class Store {
  private readonly values = new Map<string, string>(); // set by actions and inputs
  private readonly inputs = new Map<string, Input>(); // by token
  private readonly choices = new Map<string, Choice>(); // by key of the input
  private shownValues: Values = new Map();
  private readonly watchers = new Set<() => void>();

  constructor(
    inputs: readonly Input[],
    private readonly submit: boolean,
  ) {
    for (const input of inputs) this.inputs.set(input.token ?? "", input);
  }

  /** The tokens as panels see them. The same map until one changes. */
  readonly seen = (): Values => this.shownValues;
  /** What is chosen, though the button may not have been pressed. */
  readonly chosen = (input: Input): Choice | undefined => this.choices.get(input.key);
  readonly pending = (): Values => this.values;

  readonly subscribe = (told: () => void): (() => void) => {
    this.watchers.add(told);
    return () => void this.watchers.delete(told);
  };

  /** An input's value; `undefined` takes it away. Panels follow at once unless the button is waited for. */
  choose(input: Input, choice: Choice | undefined, now = !this.submit || input.now): void {
    if (choice === undefined) {
      for (const [name] of tokensOf(input, this.choices.get(input.key))) this.values.delete(name);
      this.choices.delete(input.key);
    } else {
      this.choices.set(input.key, choice);
      for (const [name, value] of tokensOf(input, choice)) this.values.set(name, value);
    }
    if (now) this.publish();
    else this.tell();
  }

  /** A token; `form.X` is the value of the input X. Without a value it goes. */
  set(name: string, value: string | undefined): void {
    const [input, part] = name.startsWith("form.") ? this.inputOf(name.slice(5)) : [undefined, undefined];
    if (input) {
      const before = this.choices.get(input.key);
      if (input.type === "time") {
        const range = before && !("length" in before) ? before : { earliest: "", latest: "" };
        this.choose(input, { ...range, [part ?? "earliest"]: value ?? "" }, false);
      } else this.choose(input, value === undefined ? undefined : [value], false);
    } else if (value === undefined) this.values.delete(name);
    else this.values.set(name, value);
  }

  private inputOf(name: string): [Input | undefined, string | undefined] {
    const whole = this.inputs.get(name);
    if (whole) return [whole, undefined];
    const time = /^(?:(.*)\.)?(earliest|latest)$/.exec(name);
    const found = time && this.inputs.get(time[1] ?? "");
    return found?.type === "time" ? [found, time?.[2]] : [undefined, undefined];
  }

  /** Everything that was chosen holds for the panels. */
  publish(): void {
    const same = this.values.size === this.shownValues.size && [...this.values].every(([name, value]) => this.shownValues.get(name) === value);
    if (!same) this.shownValues = new Map(this.values);
    this.tell();
  }

  private tell(): void {
    for (const told of this.watchers) told();
  }

  /** The forms of the address, so that what is chosen can be shared. */
  forms(): [string, string][] {
    return [...this.inputs.values()].flatMap((input): [string, string][] => {
      const choice = this.choices.get(input.key);
      if (choice && "length" in choice && input.token) return choice.map((value) => [`form.${input.token ?? ""}`, value]);
      return tokensOf(input, choice).filter(([name]) => name.startsWith("form."));
    });
  }
}

export function visible({ depends, rejects }: Shown, values: Values): boolean {
  return depends.every((name) => values.has(name)) && !rejects.some((name) => values.has(name));
}
