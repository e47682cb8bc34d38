
(function () {
  "use strict";
  var root = document.documentElement, query = new URLSearchParams(location.search), button = document.getElementById("language");
  function setLanguage(name) {
    root.lang = name === "zh" ? "zh-CN" : "en";
    button.textContent = name === "zh" ? "English" : "中文";
    button.lang = name === "zh" ? "en" : "zh-CN";
  }
  button.addEventListener("click", function () { setLanguage(root.lang === "en" ? "zh" : "en"); });
  document.getElementById("theme").addEventListener("click", function () {
    var dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  setLanguage(query.get("lang") || (/^zh/.test(navigator.language) ? "zh" : "en"));
  if (query.get("theme")) { root.dataset.theme = query.get("theme"); }
})();
