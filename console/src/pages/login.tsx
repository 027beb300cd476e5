import { useState } from "preact/hooks";

import { ApiError, login, type Session } from "../api";
import { Notice, told } from "../ui/notice";
import { Prose } from "../ui/prose";

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
          <p class="muted">
            <Prose text="Sign in as a user of this server: `admin`, with the password that `caltrop serve` printed, or one that was added since." />
          </p>
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
