/**
 * Where the page begins: its sections, the line to the server, and what tests may ask for.
 */

import { get } from "./parts/api.js";
import { fill, h, icon, worded } from "./parts/dom.js";
import { listen as listenToServer, news, refresh, server } from "./parts/live.js";
import { asked, complain, errorBox, go, linkState, tabs, theme, view } from "./parts/shell.js";
import { account } from "./views/account.js";
import { chooseView } from "./views/choose.js";
import { help } from "./views/help.js";
import { listen, mixer, show } from "./views/listen.js";
import { now } from "./views/now.js";
import { dropAnywhere } from "./views/source.js";

/** Goes where the address says. */
function follow() {
  const { name, detail } = asked();
  if (name === "listen") show(detail);
  else go(name, { record: false });
}

/** Tells that the server is away, and why, until it is there again. */
function line() {
  const notice = h("div", { class: "notice warn away", role: "alert", hidden: true, "data-testid": "away" });
  document.getElementById("main")?.prepend(notice);
  let away = false;
  const tell = (/** @type {any} */ error) => {
    linkState("Not connected");
    notice.hidden = false;
    fill(notice, icon("warn"), h("p", {}, h("strong", {}, error.message), " ", worded(error.hint)));
  };
  news.addEventListener("link", (event) => {
    const there = /** @type {CustomEvent} */ (event).detail;
    if (there) {
      away = false;
      linkState("");
      notice.hidden = true;
    } else {
      away = true;
      // The stream itself doesn't say why it broke: another question does.
      get("state").then(() => {}, (error) => away && tell(error));
    }
  });
}

/** Begins. */
async function begin() {
  theme();
  tabs();
  now({ listen: show });
  listen();
  chooseView();
  account();
  help();
  dropAnywhere();
  line();
  window.addEventListener("popstate", follow);
  Object.assign(window, {
    stembridge: {
      get mixer() {
        return mixer();
      },
      get version() {
        return server.version;
      },
    },
  });
  try {
    await refresh();
  } catch (error) {
    complain(error);
    view("now").prepend(errorBox(error, () => location.reload()));
  }
  listenToServer();
  follow();
}

begin();
