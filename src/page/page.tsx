/// <reference lib="dom" />
/** The page of the front door. */
import { render } from "preact";
import { App } from "./app.tsx";
import { follow } from "./state.ts";

follow();
render(<App />, document.body);
