import { ask, band, bar, by, count, customerPath, element, figures, minorPerMajor, modelSummary, notice, replace, share, shown, storePath } from "./page.js";

const store = decodeURIComponent(location.pathname.split("/")[3] ?? "");
const after = new URLSearchParams(location.search).get("after");

function cell(value, unit, currency) {
  const text = shown(value, unit, currency, minorPerMajor(currency));
  return element("td", { class: "number" }, text ?? element("span", { class: "unknown" }, "–"));
}

function row(customer, currency) {
  const chance = customer.score === null
    ? element("span", { class: "unknown" }, "–")
    : element("div", { class: "chance" }, element("span", { class: "number" }, share(customer.score)), bar(customer.score), band(customer.band));
  return element("tr", {},
    element("td", {}, element("a", { class: "mono", href: customerPath(store, customer.entity), title: customer.entity }, `${customer.entity.slice(0, 12)}…`)),
    element("td", {}, chance),
    cell(customer.orders_total, "orders", currency),
    cell(customer.recency_days, "days", currency),
    cell(customer.net_spend_total, "minor units", currency));
}

function explain(page) {
  const model = page.store.model;
  if (!model) return "No model serves yet, so there are no chances to show.";
  return `Chance of an order within the next ${model.horizon_days} days, as of now. In training ${share(page.usual_share)} of customers ordered: that is “usual”.`;
}

function nothing() {
  const line = after ? "There are no further customers." : "No customer is known yet. They appear with the first order.";
  return element("tr", {}, element("td", { colspan: "5", class: "muted" }, line));
}

async function show() {
  const query = new URLSearchParams({ limit: "50" });
  if (after) query.set("after", after);
  try {
    const page = await ask(`/console/api/stores/${encodeURIComponent(store)}?${query}`);
    const about = page.store;
    by("about").textContent = `${about.currency} · ${about.timezone} · added ${about.added_at.slice(0, 10)}`;
    replace(by("glance"), figures(about), modelSummary(about));
    by("glance").hidden = false;
    by("explain").textContent = explain(page);
    const rows = page.customers.map((customer) => row(customer, about.currency));
    replace(by("rows"), ...(rows.length ? rows : [nothing()]));
    by("first").hidden = !after;
    by("first").href = storePath(store);
    by("next").hidden = !page.next_after;
    by("next").href = `?after=${page.next_after}`;
    if (about.customers !== null) by("customers-title").textContent = `Customers (${count(about.customers)})`;
  } catch (error) {
    notice(error.message);
  }
}

async function open(event) {
  event.preventDefault();
  const who = by("who").value.trim();
  if (!who) return;
  try {
    // The page's address carries the pseudonym, so that no history keeps a customer's own id.
    const path = `/console/api/stores/${encodeURIComponent(store)}/customers/${encodeURIComponent(who)}`;
    const customer = await ask(path);
    if (customer.known) location.assign(customerPath(store, customer.entity));
    else notice("Nothing is known of that customer here.");
  } catch (error) {
    notice(error.message);
  }
}

by("name").textContent = store;
document.title = `${store} · Shopwright`;
by("find").addEventListener("submit", open);
show();
