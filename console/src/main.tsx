import { render } from "preact";

import { App } from "./app";
import { followLinks } from "./router";
import "./styles/base.css";
import "./ui/ui.css";

followLinks();
const root = document.getElementById("root");
if (root) render(<App />, root);
