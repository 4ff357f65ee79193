// Runs in the head, before the page is drawn, so that neither colours, tabs nor formulas jump: the reader's
// colour mode and framework are applied while the page is still being read, and fonts are asked for early.
//
//   ?framework=paddle   shows that framework and remembers it
//   localStorage        "framework": torch | paddle, "mode": light | dark | auto
(() => {
  "use strict";
  const root = document.documentElement;
  const FRAMEWORKS = ["torch", "paddle"];

  const store = {
    // Storage may be forbidden (private windows, some file:// pages); the page then works without memory.
    get: (name) => { try { return localStorage.getItem(name); } catch { return null; } },
    set: (name, value) => { try { localStorage.setItem(name, value); } catch { /* not remembered */ } },
  };

  // Not as <link> in the page: from file:// a browser refuses to preload a font, and says so.
  const { fonts } = document.currentScript.dataset;
  if (fonts && location.protocol !== "file:") {
    for (const name of fonts.split(" ")) {
      const link = document.createElement("link");
      const href = new URL(name, document.currentScript.src);
      Object.assign(link, { rel: "preload", as: "font", type: "font/woff2", crossOrigin: "", href });
      document.head.append(link);
    }
  }

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paper = matchMedia("print");
  const setMode = (mode) => {
    root.dataset.mode = mode;
    const system = dark.matches ? "dark" : "light";
    root.dataset.theme = paper.matches ? "light" : mode === "auto" ? system : mode;
  };
  setMode(["light", "dark"].includes(store.get("mode")) ? store.get("mode") : "auto");
  for (const query of [dark, paper]) query.addEventListener("change", () => setMode(root.dataset.mode));

  const asked = new URLSearchParams(location.search).get("framework");
  if (FRAMEWORKS.includes(asked)) store.set("framework", asked);
  let chosen = [asked, store.get("framework")].find((name) => FRAMEWORKS.includes(name)) ?? "torch";
  root.dataset.framework = chosen;

  // In a tab set the radio button comes right before its label.
  const select = (label) => {
    if (label.dataset.syncId === chosen) label.previousElementSibling.checked = true;
  };
  const labels = () => document.querySelectorAll('label[data-sync-group="framework"]');

  // Tab sets are set as the parser adds them, which is before they are painted.
  const watcher = new MutationObserver((records) => {
    for (const { addedNodes } of records) {
      for (const node of addedNodes) {
        if (node.matches?.('label[data-sync-group="framework"]')) select(node);
      }
    }
  });
  // The page as it stands shows the first framework, so most readers need no watching.
  if (chosen !== FRAMEWORKS[0]) watcher.observe(root, { childList: true, subtree: true });

  const choose = (framework) => {
    chosen = framework;
    root.dataset.framework = framework;
    store.set("framework", framework);
    labels().forEach(select);
  };

  document.addEventListener("DOMContentLoaded", () => {
    watcher.disconnect();
    labels().forEach(select);
  });

  document.addEventListener("change", ({ target }) => {
    const label = target.nextElementSibling;
    if (!target.checked || label?.dataset?.syncGroup !== "framework") return;
    // Sets above may grow or shrink: keep the one in the reader's hand where it is.
    const before = target.nextElementSibling.getBoundingClientRect().top;
    choose(label.dataset.syncId);
    scrollBy({ top: label.getBoundingClientRect().top - before, behavior: "instant" });
  });

  // Another tab of the browser may have changed its mind.
  addEventListener("storage", ({ key, newValue }) => {
    if (key === "framework" && FRAMEWORKS.includes(newValue)) choose(newValue);
    if (key === "mode") setMode(newValue ?? "auto");
  });

  globalThis.book = { setMode: (mode) => { setMode(mode); store.set("mode", mode); }, choose };
})();
