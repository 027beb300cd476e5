import { useState } from "preact/hooks";

import { ApiError, login, type Session } from "../api";
import { Notice, told } from "../ui/notice";

export function Login({ then }: { then: (session: Session) => void }) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    try {
      then(await login(String(form.get("username")), String(form.get("password"))));
    } catch (error) {
      const wrong = error instanceof ApiError && error.status === 401;
      setProblem(wrong ? "The user name or the password is wrong." : told(error));
      setBusy(false);
    }
  };
  return (
    <main>
      <section class="panel login">
        <form onSubmit={submit}>
          <h1>Caltrop</h1>
          <p class="muted">Sign in as a user of this server. `caltrop serve` prints the password of admin.</p>
          {problem && <Notice kind="error">{problem}</Notice>}
          <label>
            User name
            <input name="username" autocomplete="username" required autofocus />
          </label>
          <label>
            Password
            <input name="password" type="password" autocomplete="current-password" required />
          </label>
          <button class="button primary" disabled={busy}>
            Sign in
          </button>
        </form>
      </section>
    </main>
  );
}
