// What is shown has every word of the query: in WORDS where the page brings them (names, descriptions, stories,
// techniques, searches), else in the text that is shown. The query stands in the address, so that it can be sent.
"use strict";
const query = document.getElementById("query");
const items = Array.from(document.querySelectorAll("[data-item]"));
const count = document.getElementById("count");
const texts = typeof WORDS === "undefined" ? items.map((item) => item.textContent.toLowerCase()) : WORDS;

function show() {
  const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  items.forEach((item, index) => {
    item.hidden = !words.every((word) => texts[index].includes(word));
    shown += item.hidden ? 0 : 1;
  });
  count.textContent = words.length ? shown + " of " + items.length : items.length + " in all";
}

query.addEventListener("input", () => {
  show();
  history.replaceState(null, "", query.value ? "#q=" + encodeURIComponent(query.value) : "#");
});
if (location.hash.startsWith("#q=")) query.value = decodeURIComponent(location.hash.slice(3));
show();
