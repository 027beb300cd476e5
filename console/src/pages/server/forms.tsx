import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";

import { get, post, seg, type Feed } from "../../api";
import { useMay } from "../../session";
import { Dialog } from "../../ui/dialog";
import { useLoading } from "../../ui/loading";
import { Failure } from "../../ui/notice";

/** A row of inputs that make something; it says what was wrong, and is emptied when it worked. */
function Making({ make, ready, then, label, children }: { make: () => Promise<unknown>; ready: boolean; then: () => void; label: string; children: ComponentChildren }): JSX.Element {
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  return (
    <form
      class="row"
      autocomplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        setError(undefined);
        setBusy(true);
        make()
          .then(then, setError)
          .finally(() => setBusy(false));
      }}
    >
      <Failure error={error} />
      {children}
      <button class="button" disabled={!ready || busy}>
        {label}
      </button>
    </form>
  );
}

interface Made {
  then: () => void;
}

function useText(): [string, (event: { currentTarget: { value: string } }) => void, () => void] {
  const [value, setValue] = useState("");
  return [value, (event) => setValue(event.currentTarget.value), () => setValue("")];
}

export function NewIndex({ then }: Made): JSX.Element | null {
  const [name, typed, empty] = useText();
  if (!useMay("indexes_edit")) return null;
  return (
    <Making make={() => post("data/indexes", { name })} ready={name !== ""} then={() => (empty(), then())} label="Create">
      <input aria-label="Name of a new index" placeholder="new index" value={name} onInput={typed} />
    </Making>
  );
}

/** Of a package that lies on the server's own disk. */
export function AppByPath({ update, then }: Made & { update: boolean }): JSX.Element {
  const [path, typed, empty] = useText();
  return (
    <Making make={() => post("apps/local", { name: path, filename: 1, update: update ? 1 : 0 })} ready={path !== ""} then={() => (empty(), then())} label="Install">
      <input class="wide" aria-label="Path of a package on the server" placeholder="/path/on/the/server/app.tar.gz" value={path} onInput={typed} />
    </Making>
  );
}

export function NewUser({ then }: Made): JSX.Element | null {
  const [name, named, noName] = useText();
  const [password, worded, noPassword] = useText();
  const [role, setRole] = useState("user");
  if (!useMay("change_authentication")) return null;
  const made = (): void => {
    noName();
    noPassword();
    then();
  };
  return (
    <Making make={() => post("authentication/users", { name, password, roles: role })} ready={name !== "" && password !== ""} then={made} label="Add">
      <input aria-label="Name of a new user" placeholder="new user" value={name} onInput={named} />
      <input type="password" autocomplete="new-password" aria-label="Password of the new user" placeholder="password" value={password} onInput={worded} />
      <Roles role={role} choose={setRole} />
    </Making>
  );
}

function useRoles(): string[] {
  const { value } = useLoading((signal) => get<Feed>("authorization/roles", { count: 0 }, { signal }), []);
  return (value?.entry ?? []).map((row) => row.name).sort();
}

function Roles({ role, choose }: { role: string; choose: (role: string) => void }): JSX.Element {
  const known = useRoles();
  return (
    <select aria-label="Role of the new user" value={role} onChange={(event) => choose(event.currentTarget.value)}>
      {(known.length ? known : [role]).map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  );
}

/** Which roles a user has; at least one. */
export function EditRoles({ name, has, close, then }: { name: string; has: readonly string[]; close: () => void; then: () => void }): JSX.Element {
  const known = useRoles();
  const [roles, setRoles] = useState(has);
  const [error, setError] = useState<unknown>();
  return (
    <Dialog title={`Roles of ${name}`} close={close}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          setError(undefined);
          post(`authentication/users/${seg(name)}`, { roles }).then(() => (then(), close()), setError);
        }}
      >
        <Failure error={error} />
        {known.map((role) => (
          <label key={role}>
            <input type="checkbox" checked={roles.includes(role)} onChange={(event) => setRoles(event.currentTarget.checked ? [...roles, role] : roles.filter((one) => one !== role))} /> {role}
          </label>
        ))}
        <div class="row">
          <button class="button primary" disabled={!roles.length}>
            Save
          </button>
        </div>
      </form>
    </Dialog>
  );
}

export function NewToken({ then }: Made): JSX.Element | null {
  const [name, named, noName] = useText();
  const [index, chosen, noIndex] = useText();
  if (!useMay("edit_token_http")) return null;
  const made = (): void => {
    noName();
    noIndex();
    then();
  };
  return (
    <Making make={() => post("data/inputs/http", { name, index: index || undefined })} ready={name !== ""} then={made} label="Add">
      <input aria-label="Name of a new token" placeholder="new token" value={name} onInput={named} />
      <input aria-label="Index of the new token" placeholder="index" value={index} onInput={chosen} />
    </Making>
  );
}
