import { Component, type ComponentChildren } from "preact";

import { Notice } from "./notice";

interface Props {
  of: string; // what is shown: another address is another try
  children: ComponentChildren;
}

/** A page that cannot be drawn says why, and leaves the rest of the console as it is. */
export class Boundary extends Component<Props, { error?: unknown }> {
  override state: { error?: unknown } = {};

  static override getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override componentDidUpdate(before: Props): void {
    if (before.of !== this.props.of && "error" in this.state && this.state.error !== undefined) this.setState({ error: undefined });
  }

  override render(): ComponentChildren {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <>
        <div class="page-head">
          <h1>This page cannot be shown</h1>
        </div>
        <Notice kind="error">
          {error instanceof Error ? `${error.name}: ${error.message}` : String(error)}
          {"\nThe other pages work. This is a fault of the console: please report it with this text and the address."}
        </Notice>
        <p>
          <button type="button" class="button" onClick={() => this.setState({ error: undefined })}>
            Try again
          </button>
        </p>
      </>
    );
  }
}
