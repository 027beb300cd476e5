// What is shown fits every filter, and has every word of the query: in WORDS where the page brings them (names, descriptions, stories,
// techniques, searches), else in the text that is shown. The query stands in the address, so that it can be sent.
"use strict";
const query = document.getElementById("query");
const items = Array.from(document.querySelectorAll("[data-item]"));
const count = document.getElementById("count");
const filters = Array.from(document.querySelectorAll("[data-filter]"));
const texts = typeof WORDS === "undefined" ? items.map((item) => item.textContent.toLowerCase()) : WORDS;

function fits(item) {
  return filters.every((filter) => !filter.value || (item.dataset[filter.dataset.filter] || "").split("\n").includes(filter.value));
}

function show() {
  const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  items.forEach((item, index) => {
    item.hidden = !fits(item) || !words.every((word) => texts[index].includes(word));
    shown += item.hidden ? 0 : 1;
  });
  count.textContent = shown < items.length ? shown + " of " + items.length : items.length + " in all";
}

function keep() {
  const parts = query.value ? [["q", query.value]] : [];
  filters.forEach((filter) => filter.value && parts.push([filter.dataset.filter, filter.value]));
  history.replaceState(null, "", "#" + new URLSearchParams(parts));
}

[query, ...filters].forEach((field) =>
  field.addEventListener("input", () => {
    show();
    keep();
  }),
);
const given = new URLSearchParams(location.hash.slice(1));
query.value = given.get("q") || query.value;
filters.forEach((filter) => (filter.value = given.get(filter.dataset.filter) || ""));
show();
