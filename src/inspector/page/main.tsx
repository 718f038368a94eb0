import { render } from "preact";
import { App } from "./app.tsx";
import { createClient } from "./client.ts";
import { Closed } from "./empty.tsx";
import { applyTheme, readTheme } from "./theme.ts";
import { dropToken, takeToken } from "./token.ts";

const root = document.getElementById("app");
if (root === null) throw new Error("the page has no place for the inspector");
const opened = new Date(performance.timeOrigin);

function open(place: HTMLElement): void {
  const token = takeToken();
  // What was drawn belongs to another token.
  render(null, place);
  if (token === undefined) return render(<Closed />, place);
  const client = createClient(token, () => {
    dropToken();
    render(null, place);
    render(<Closed />, place);
  });
  render(<App client={client} opened={opened} />, place);
}

applyTheme(readTheme());
open(root);
// A new link that is opened in this tab differs behind the # alone, which loads nothing.
addEventListener("hashchange", () => {
  if (location.hash.includes("token=")) open(root);
});
