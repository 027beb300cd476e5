import type { ComponentChildren, JSX } from "preact";
import { useRef, useState } from "preact/hooks";

import { Notice } from "./notice";

interface Props {
  label: string; // accessible name of the input behind the button
  button: string;
  many?: boolean;
  accept?: string;
  take: (files: readonly File[]) => void;
  children: ComponentChildren; // what may be dropped here
}

/** What was dropped: its files, and the names of folders, which a browser hands over without what is in them. */
function sorted(data: DataTransfer | null): { files: File[]; folders: string[] } {
  const files: File[] = [];
  const folders: string[] = [];
  for (const item of data?.items ?? []) {
    if (item.kind !== "file") continue;
    const entry = item.webkitGetAsEntry();
    const file = item.getAsFile();
    if (entry?.isDirectory) folders.push(entry.name);
    else if (file) files.push(file);
  }
  return { files, folders };
}

/** A place to drop files on, with a button for those who would rather choose them. */
export function Dropped({ label, button, many = false, accept, take, children }: Props): JSX.Element {
  const [over, setOver] = useState(false);
  const [refused, setRefused] = useState("");
  const choose = useRef<HTMLInputElement>(null);
  const given = (files: readonly File[], folders: readonly string[] = []): void => {
    const empty = files.filter((file) => !file.size).map((file) => file.name);
    const taken = files.filter((file) => file.size).slice(0, many ? undefined : 1);
    const said = [
      ...folders.map((name) => `${name} is a folder: drop the files in it, or an archive of it.`),
      ...empty.map((name) => `${name} is empty.`),
      ...(!many && files.length > 1 ? ["One file at a time: the first was taken."] : []),
      ...(!files.length && !folders.length ? ["That was no file: drop files, or choose them."] : []),
    ];
    setRefused(said.join("\n"));
    if (taken.length) take(taken);
  };
  return (
    <>
      <div
        class={over ? "drop over" : "drop"}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          const { files, folders } = sorted(event.dataTransfer);
          given(files, folders);
        }}
      >
        <div>{children}</div>
        <button type="button" class="button" onClick={() => choose.current?.click()}>
          {button}
        </button>
        <input
          ref={choose}
          type="file"
          aria-label={label}
          class="visually-hidden"
          tabIndex={-1}
          multiple={many}
          {...(accept ? { accept } : {})}
          onChange={(event) => {
            const files = [...(event.currentTarget.files ?? [])];
            event.currentTarget.value = ""; // the same file again is another choice
            if (files.length) given(files);
          }}
        />
      </div>
      {refused && <Notice kind="warn">{refused}</Notice>}
    </>
  );
}
