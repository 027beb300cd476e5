// Every word of the query must be in a detection's text (name, description, stories, techniques, search).
"use strict";
const query = document.getElementById("query");
const rows = Array.from(document.getElementById("rows").rows);
const count = document.getElementById("count");

function show() {
  const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  rows.forEach((row, index) => {
    const hit = words.every((word) => WORDS[index].includes(word));
    row.hidden = !hit;
    shown += hit ? 1 : 0;
  });
  count.textContent = shown + " of " + rows.length + " detections";
}

query.addEventListener("input", show);
show();
