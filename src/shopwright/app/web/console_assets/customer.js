import { age, ask, band, by, customerPath, element, missing, notice, replace, share, shown, storePath } from "./page.js";

const [, , , storePart, , entityPart] = location.pathname.split("/");
const store = decodeURIComponent(storePart ?? "");
const api = `/console/api/stores/${storePart}/customers/${entityPart}`;
const KINDS = { R: "Recency", F: "Frequency", M: "Money" };
const ASK_EVERY_MS = 1000;
const LISTEN_AGAIN_MS = 15000;

const ONE_STORY_MS = 5000;

let current = null;
let reference = null;
let changedAt = -Infinity;
let firstChange = null;
let truth = null;
let placed = null;
let source = null;
let asking = null;

// --- what is shown -----------------------------------------------------------------------------

function text(feature, card) {
  return shown(feature.value, feature.unit, card.currency, card.minor_per_major);
}

function featureRow(feature, card, before) {
  const now = text(feature, card);
  const then = before ? text(before.features.find((one) => one.name === feature.name), before) : now;
  const changed = before !== null && then !== now;
  return element("div", { class: changed ? "feature changed" : "feature", "data-feature": feature.name },
    element("span", { class: "says" }, feature.says),
    element("span", { class: "value" }, now ?? element("span", { class: "unknown" }, "not known")),
    element("span", { class: "name mono" }, feature.name),
    changed ? element("span", { class: "was" }, `${then ?? "not known"} → ${now ?? "not known"}`) : null);
}

function showFeatures(card, before) {
  const groups = Object.entries(KINDS).map(([kind, title]) => {
    const rows = card.features.filter((one) => one.kind === kind).map((one) => featureRow(one, card, before));
    return rows.length ? element("div", { class: "group" }, element("h3", {}, title), element("div", { class: "rows" }, ...rows)) : null;
  });
  replace(by("features"), ...groups);
}

function mark(portion, kind) {
  const line = element("b", { class: kind });
  line.style.left = `${Math.min(1, portion) * 100}%`;
  return line;
}

function legend(kind, name, value) {
  if (value === null || value === undefined) return null;
  return element("li", { class: kind }, element("span", {}, name), element("span", { class: "value" }, share(value)));
}

function showScore(card, before) {
  if (card.score === null) {
    const why = card.no_model ?? "No valid order of this customer is known here, so there is nothing to score.";
    replace(by("score"), element("p", { class: "big unknown" }, "–"), missing(why));
    return;
  }
  const fill = element("i");
  fill.style.width = `${card.score * 100}%`;
  const moved = before && before.score !== null && share(before.score) !== share(card.score)
    ? element("p", { class: "moved" }, `${share(before.score)} → ${share(card.score)}`) : null;
  replace(by("score"),
    element("p", { class: "big" }, element("span", { id: "chance" }, share(card.score)), band(card.band)),
    element("div", { class: "scale", "aria-hidden": "true" }, fill,
      card.usual_share === null ? null : mark(card.usual_share, "usual"),
      truth ? mark(truth.probability, "truth") : null),
    moved,
    element("ul", { class: "legend" },
      legend("own", `model ${card.model_version.slice(0, 12)}`, card.score),
      truth ? legend("truth", "simulated truth", truth.probability) : null,
      truth ? legend("baseline", "simple baseline", truth.baseline) : null,
      legend("usual", "usual share in training", card.usual_share)),
    element("p", { class: "muted small" }, `An order within the next ${card.horizon_days} days, as of ${card.as_of.slice(0, 19).replace("T", " ")} UTC.`));
}

const ms = (us) => `${(us / 1000).toFixed(1)} ms`;

function orderFacts(order) {
  const facts = Object.entries(order).filter(([, value]) => value !== null && typeof value !== "object")
    .flatMap(([name, value]) => [element("dt", {}, name.replaceAll("_", " ")), element("dd", {}, String(value))]);
  const lists = Object.entries(order).filter(([, value]) => Array.isArray(value))
    .flatMap(([name, value]) => [element("dt", {}, name.replaceAll("_", " ")), element("dd", {}, value.map(plain).join("; "))]);
  return element("details", {}, element("summary", {}, "The order"), element("dl", { class: "facts" }, ...facts, ...lists));
}

function plain(value) {
  return value !== null && typeof value === "object" ? Object.values(value).map(String).join(", ") : String(value);
}

function showHappened() {
  const change = firstChange;
  if (!change) return;
  const mine = placed !== null && change.received_us >= placed.sent_us;
  const step = (name, value) => element("li", {}, element("span", {}, name), element("span", { class: "value" }, value));
  const steps = mine ? [
    step("webhook sent by the shop", "0 ms"),
    step("received and on its way to the disk", ms(change.received_us - placed.sent_us)),
    step("features readable", ms(change.readable_us - placed.sent_us)),
    step("on this page, counted from your click", `${(change.shown - placed.clicked).toFixed(0)} ms`),
  ] : [];
  by("happened").hidden = false;
  replace(by("happened"),
    element("h3", {}, "Event to feature"),
    element("p", { class: "ms", id: "event-to-feature" }, `${change.event_to_feature_ms.toFixed(1)} ms`),
    mine ? element("ol", { class: "steps" }, ...steps) : null,
    element("p", { class: "muted small" }, "From the webhook’s receipt until its features could be read. The web process looks every 20 ms while this page is open, and “readable” is when it first saw the new record: at most that much late, never early."),
    mine ? orderFacts(placed.order) : null);
}

function announce(card, before) {
  const changed = card.features.filter((one) => text(one, card) !== text(before.features.find((old) => old.name === one.name), before));
  const score = card.score === null ? "" : `The chance of an order is now ${share(card.score)}. `;
  by("announce").textContent = `${score}${changed.length} features changed.`;
}

// One action sends several webhooks, so what belongs together is compared with how it was before all.
function begin(card) {
  reference = card;
  firstChange = null;
}

function show(card) {
  // A read at another instant moves the days a little; only a new revision is a change.
  const isNew = current !== null && card.revision > current.revision;
  if (current !== null && !isNew) return;
  if (isNew) {
    if (performance.now() - changedAt > ONE_STORY_MS) begin(current);
    changedAt = performance.now();
    firstChange ??= card.change && { ...card.change, shown: changedAt };
  }
  const before = isNew ? reference : null;
  current = card;
  by("entity").textContent = card.entity;
  by("age").textContent = card.known ? `newest event ${age(card.feature_age_seconds)}` : "nothing is known of this customer yet";
  by("demo").hidden = !card.demo;
  showFeatures(card, before);
  showScore(card, before);
  if (before !== null) {
    showHappened();
    announce(card, before);
    if (card.demo) askTruth();
  }
}

async function askTruth() {
  try {
    truth = await ask(`${api}/truth`);
    if (current) showTruth();
  } catch {
    truth = null;
  }
}

function showTruth() {
  const moved = by("score").querySelector(".moved");
  showScore(current, null);
  if (moved) by("score").querySelector(".scale").after(moved);
}

// --- how it stays fresh ------------------------------------------------------------------------

function state(name, line) {
  by("live").dataset.state = name;
  by("live").textContent = line;
}

async function askNow() {
  try {
    show(await ask(api));
    notice(null);
    if (!source) state("asking", "asking every second");
  } catch (error) {
    state("away", "not connected");
    notice(error.message);
  }
}

function askNowAndThen() {
  if (asking === null) asking = setInterval(() => { if (!document.hidden) askNow(); }, ASK_EVERY_MS);
}

function stopAsking() {
  clearInterval(asking);
  asking = null;
}

function listen() {
  if (source || document.hidden) return;
  source = new EventSource(`${api}/events`);
  source.onopen = () => { stopAsking(); notice(null); state("live", "live"); };
  source.onmessage = (event) => show(JSON.parse(event.data));
  source.onerror = () => {
    source.close();
    source = null;
    askNow();
    askNowAndThen();
    setTimeout(listen, LISTEN_AGAIN_MS);
  };
}

function hush() {
  source?.close();
  source = null;
  stopAsking();
}

// --- what can be done --------------------------------------------------------------------------

async function placeOrder() {
  by("order").disabled = true;
  const clicked = performance.now();
  placed = null;
  begin(current);
  changedAt = clicked;
  try {
    placed = { ...await ask(`${api}/orders`, { method: "POST" }), clicked };
    notice(null);
    // The features are often here before the shop's own answer.
    showHappened();
  } catch (error) {
    notice(error.message);
  } finally {
    by("order").disabled = false;
    by("order").focus();
  }
}

async function another() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const start = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  try {
    // Two are asked for: the first after a random place may be the very one that is shown.
    const list = `/console/api/stores/${storePart}?limit=2`;
    const others = (page) => page.customers.filter((one) => one.entity !== entityPart);
    const found = [...others(await ask(`${list}&after=${start}`)), ...others(await ask(list))];
    if (found.length) location.assign(customerPath(store, found[0].entity));
  } catch (error) {
    notice(error.message);
  }
}

by("store").textContent = store;
by("store").href = storePath(store);
by("order").addEventListener("click", placeOrder);
by("another").addEventListener("click", another);
document.addEventListener("visibilitychange", () => { if (document.hidden) hush(); else listen(); });
window.addEventListener("pagehide", hush);
await askNow();
if (current?.demo) askTruth();
listen();
