import type { JSX } from "preact";

interface Tab {
  id: string;
  label: string;
}

/** A row of tabs; arrows move between them. The panel below has `role=tabpanel` and `aria-labelledby` of the chosen tab. */
export function Tabs({ tabs, chosen, choose, label }: { tabs: readonly Tab[]; chosen: string; choose: (id: string) => void; label: string }): JSX.Element {
  const move = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    const at = tabs.findIndex(({ id }) => id === chosen);
    const next = tabs[(at + step + tabs.length) % tabs.length];
    if (!next) return;
    choose(next.id);
    document.getElementById(`tab-${next.id}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} onKeyDown={move}>
      {tabs.map(({ id, label: name }) => (
        <button key={id} id={`tab-${id}`} type="button" role="tab" aria-selected={id === chosen} tabIndex={id === chosen ? 0 : -1} onClick={() => choose(id)}>
          {name}
        </button>
      ))}
    </div>
  );
}
