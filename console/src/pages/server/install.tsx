import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { upload, type Feed } from "../../api";
import { useMay } from "../../session";
import { Dropped } from "../../ui/dropped";
import { Failure, Notice } from "../../ui/notice";
import { AppByPath } from "./forms";

interface Installed {
  label: string;
  version: string;
}

/** "Install app from file": a package of this computer, or of the server's. */
export function InstallApp({ then }: { then: () => void }): JSX.Element | null {
  const [update, setUpdate] = useState(false);
  const [said, setSaid] = useState("");
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState("");
  if (!useMay("install_apps")) return null;
  const send = async (file: File): Promise<void> => {
    setBusy(file.name);
    setError(undefined);
    setSaid("");
    try {
      const found = (await upload<Feed<Installed>>("caltrop/apps", { update: update ? 1 : 0 }, file)).entry[0];
      setSaid(`${found?.content.label ?? file.name} ${found?.content.version ?? ""} is installed.`.replace("  ", " "));
      then();
    } catch (failure) {
      setError(failure);
    }
    setBusy("");
  };
  return (
    <div class="body stack install">
      <Dropped label="Package" button="Install app from file" accept=".spl,.tgz,.gz,.tar,.zip" take={([file]) => file && !busy && void send(file)}>
        {busy ? `Installing ${busy}…` : "Drop an app's package here: .spl, .tgz, .tar.gz or .zip."}
      </Dropped>
      <div class="row">
        <label>
          <input type="checkbox" checked={update} onChange={(event) => setUpdate(event.currentTarget.checked)} /> Upgrade the app if it is installed; its local settings stay
        </label>
        <details class="grow">
          <summary>A package on the server's disk</summary>
          <AppByPath update={update} then={then} />
        </details>
      </div>
      <Failure error={error} />
      {said && <Notice kind="good">{said}</Notice>}
    </div>
  );
}
