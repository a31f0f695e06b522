// Small tools of every page. Text from anywhere becomes text nodes only, never HTML.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const by = (id) => document.getElementById(id);

export function replace(parent, ...children) {
  parent.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
}

export class Refused extends Error {
  constructor(status, line) {
    super(line);
    this.status = status;
  }
}

// Who is signed in; nobody has to be on a machine that asks nobody.
let csrf = null;
const account = whoAmI();

export async function ask(path, options = {}) {
  const headers = { Accept: "application/json" };
  if (options.method) {
    await account;
    if (csrf) headers["X-CSRF-Token"] = csrf;
  }
  return answerOf(path, { ...options, headers });
}

async function whoAmI() {
  try {
    const found = await answerOf("/console/api/account", { headers: { Accept: "application/json" } });
    csrf = found.csrf;
    if (found.name) {
      document.querySelector(".top nav")?.append(element("a", { href: "/console/logout", id: "account" }, `${found.name} · Sign out`));
    }
  } catch {
    // The page's own questions say what is wrong.
  }
}

async function answerOf(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Refused(0, "Shopwright does not answer. Is `shopwright up` still running?");
  }
  if (response.status === 401) location.assign(`/console/login?next=${encodeURIComponent(location.pathname)}`);
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(response.status, body?.error ?? `The answer was ${response.status}.`);
  return body;
}

export function notice(line) {
  const place = by("notice");
  place.textContent = line ?? "";
  place.hidden = !line;
}

export const count = (number) => number.toLocaleString("en");

export function share(value, digits = 1) {
  return value === null || value === undefined ? "–" : `${(value * 100).toFixed(digits)} %`;
}

export function age(seconds) {
  if (seconds === null || seconds === undefined) return "never";
  if (seconds < 1) return "just now";
  const steps = [[60, "s"], [60, "min"], [24, "h"], [Infinity, "d"]];
  let left = seconds;
  for (const [size, unit] of steps) {
    if (left < size) return `${Math.floor(left)} ${unit} ago`;
    left /= size;
  }
  return "";
}

export function money(major, currency) {
  return major.toLocaleString("en", { style: "currency", currency, currencyDisplay: "narrowSymbol" });
}

// A feature's value with its unit, for people; null is "not known", zero is "none".
export function shown(value, unit, currency, minorPerMajor) {
  if (value === null || value === undefined) return null;
  switch (unit) {
    case "days": return `${value.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })} days`;
    case "minor units": return money(value / minorPerMajor, currency);
    case "major units": return money(value, currency);
    case "share": return share(value);
    default: return count(value);
  }
}

export function minorPerMajor(currency) {
  const digits = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
  return 10 ** digits;
}

export function bar(portion) {
  const fill = element("i");
  fill.style.width = `${Math.max(0, Math.min(1, portion)) * 100}%`;
  return element("div", { class: "bar", "aria-hidden": "true" }, fill);
}

const BANDS = { high: "well above usual", raised: "above usual", usual: "usual", low: "below usual" };

export function band(name) {
  return name ? element("span", { class: "band", "data-band": name }, BANDS[name]) : null;
}

export const storePath = (store) => `/console/stores/${encodeURIComponent(store)}`;
export const customerPath = (store, entity) => `${storePath(store)}/customers/${encodeURIComponent(entity)}`;

const BASELINES = { order_count: "order count alone", recency: "recency alone", logistic_regression: "logistic regression" };

// A sentence that may end in a command, which is set apart.
export function missing(line) {
  const [says, command] = line.split(": ");
  return element("p", { class: "muted" }, command ? `${says}: ` : says, command ? element("code", {}, command) : null);
}

// The model beside the simple rules that it had to beat.
export function modelSummary(store) {
  const model = store.model;
  if (!model) {
    return element("div", { class: "model" }, element("h3", {}, "Model"), missing(store.no_model));
  }
  const rules = Object.entries(model.baselines).map(([name, score]) => [BASELINES[name] ?? name, score]);
  const bars = [["this model", model.average_precision], ...rules.sort((one, other) => other[1] - one[1])];
  const most = Math.max(...bars.map(([, score]) => score ?? 0), 0.000001);
  const list = bars.map(([name, score], index) => element("li", index === 0 ? { class: "own" } : {},
    element("span", {}, name), bar((score ?? 0) / most), element("span", { class: "value" }, score === null ? "–" : score.toFixed(3))));
  return element("div", { class: "model" },
    element("h3", {}, "Model: area under precision-recall"),
    element("ul", { class: "bars" }, ...list),
    element("p", { class: "muted small" },
      element("span", { class: "mono" }, model.version.slice(0, 12)),
      ` · orders within ${model.horizon_days} days · ${count(model.rows)} rows, ${count(model.positives)} with an order · knew nothing after ${model.trained_as_of.slice(0, 10)}`));
}

export function figures(store) {
  const one = (name, value, note) => element("div", {}, element("dt", {}, name),
    element("dd", {}, value, note ? element("small", {}, note) : null));
  return element("dl", { class: "figures" },
    one("Customers", store.customers === null ? "…" : count(store.customers)),
    one("Last event", age(store.last_event_age_seconds)),
    one("Webhooks", count(store.webhooks_last_minute), " / min"));
}
