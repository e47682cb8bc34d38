
(function () {
  "use strict";
  var root = document.documentElement, query = new URLSearchParams(location.search), button = document.getElementById("language");
  var main = document.querySelector("main"), all = Array.prototype.slice.call(main.children), order = document.getElementById("order"), find = document.getElementById("find");
  function setLanguage(name) {
    root.lang = name === "zh" ? "zh-CN" : "en";
    button.textContent = name === "zh" ? "English" : "中文";
    button.lang = name === "zh" ? "en" : "zh-CN";
  }
  var keys = {
    number: function (e) { return +e.dataset.number; },
    worst: function (e) { return +e.dataset.score; },
    behind: function (e) { return -e.dataset.behind; }
  };
  function arrange() {
    var key = keys[order.value];
    all.sort(function (a, b) { return key(a) - key(b) || a.dataset.number - b.dataset.number; });
    all.forEach(function (e) { main.appendChild(e); });
  }
  function filter() {
    var text = find.value.toLowerCase(), n = 0;
    all.forEach(function (e) {
      e.hidden = text !== "" && e.querySelector("dl").textContent.toLowerCase().indexOf(text) < 0;
      if (!e.hidden) { n++; }
    });
    document.getElementById("count").textContent = text === "" ? "" : n + " / " + all.length;
  }
  button.addEventListener("click", function () { setLanguage(root.lang === "en" ? "zh" : "en"); });
  document.getElementById("theme").addEventListener("click", function () {
    var dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  order.addEventListener("change", arrange);
  find.addEventListener("input", filter);
  document.querySelector(".order").addEventListener("submit", function (event) { event.preventDefault(); });
  setLanguage(query.get("lang") || (/^zh/.test(navigator.language) ? "zh" : "en"));
  if (query.get("theme")) { root.dataset.theme = query.get("theme"); }
  if (keys[query.get("order")]) { order.value = query.get("order"); arrange(); }
})();
