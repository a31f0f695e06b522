import { ask, by, count, element, figures, modelSummary, notice, replace, storePath } from "./page.js";

const EVERY_MS = 2000;

function card(store) {
  return element("article", { class: "card" },
    element("header", {},
      element("h2", {}, element("a", { href: storePath(store.store_id) }, store.store_id)),
      element("p", { class: "muted small" }, `${store.currency} · ${store.timezone}`)),
    figures(store),
    modelSummary(store));
}

function nothingYet() {
  return element("div", { class: "card empty" },
    element("h2", {}, "No store yet"),
    element("p", { class: "muted" }, "Add one with ", element("code", {}, "shopwright stores add"),
      ", or see everything at work with ", element("code", {}, "shopwright demo"), "."));
}

async function show() {
  try {
    const overview = await ask("/console/api/overview");
    const stores = overview.stores;
    notice(overview.trouble ? `Webhooks cannot be stored: ${overview.trouble}` : null);
    by("summary").textContent = stores.length === 1 ? "1 store" : `${count(stores.length)} stores`;
    // Replacing what has the focus would throw a keyboard user back to the top.
    const focused = document.activeElement?.getAttribute("href");
    replace(by("stores"), ...(stores.length ? stores.map(card) : [nothingYet()]));
    if (focused) by("stores").querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
    by("stores").removeAttribute("aria-busy");
    by("footer").textContent = `Shopwright ${overview.version}` +
      (overview.counted_by_one_process ? " · webhook rates are those of one of several web processes" : "");
  } catch (error) {
    notice(error.message);
  }
}

async function keepShowing() {
  if (!document.hidden) await show();
  setTimeout(keepShowing, EVERY_MS);
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) show(); });
keepShowing();
