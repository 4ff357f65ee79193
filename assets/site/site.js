// What the pages do besides widgets: colour mode, the two side bars, search shortcut, copy buttons, the
// reader's place in the table of contents, and code that can be scrolled with the keyboard.
(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, scope = document) => [...scope.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);

  function colourMode() {
    const next = { auto: "light", light: "dark", dark: "auto" };
    const say = (button) => {
      button.setAttribute("aria-label", `Colour mode: ${root.dataset.mode}. Change to ${next[root.dataset.mode]}`);
      button.title = `Colour mode: ${root.dataset.mode}`;
    };
    for (const button of all(".theme-switch-button")) {
      say(button);
      button.addEventListener("click", () => {
        globalThis.book.setMode(next[root.dataset.mode]);
        all(".theme-switch-button").forEach(say);
      });
    }
  }

  // On a narrow screen a side bar opens over the page, as a dialog that holds the focus and that Escape or a
  // click beside it closes.
  function sideBar(name) {
    const bar = one(`#pst-${name}-sidebar`);
    const dialog = one(`#pst-${name}-sidebar-modal`);
    const button = one(`.${name}-toggle`);
    if (!bar || !dialog || !button) return;
    const home = bar.parentElement;
    const place = bar.nextElementSibling;
    button.setAttribute("aria-haspopup", "dialog");
    dialog.setAttribute("aria-label", button.title);
    button.addEventListener("click", () => {
      dialog.append(bar);
      dialog.showModal();
    });
    dialog.addEventListener("close", () => home.insertBefore(bar, place));
    dialog.addEventListener("click", ({ target }) => {
      if (target === dialog || target.closest("a")) dialog.close();
    });
    // A window made wider, or a tablet turned, shows the bar at its own place again.
    addEventListener("resize", () => {
      if (dialog.open && !button.checkVisibility()) dialog.close();
    });
  }

  function search() {
    addEventListener("keydown", (event) => {
      const typing = /^(input|textarea|select)$/i.test(event.target.tagName) || event.target.isContentEditable;
      const asked = (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !typing);
      if (!asked) return;
      event.preventDefault();
      const field = all(".book-search input").find((input) => input.checkVisibility?.() ?? input.offsetParent);
      if (field) field.select();
      else location.href = one(".search-link").href;
    });
    one("#search-page .book-search input")?.focus();
  }

  async function copy(text) {
    // Pages from http on another machine have no clipboard API.
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const area = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }

  function copyButtons() {
    document.addEventListener("click", async ({ target }) => {
      if (!target.matches(".copy")) return;
      await copy(target.parentElement.querySelector("pre").textContent);
      target.textContent = "Copied";
      setTimeout(() => (target.textContent = "Copy"), 1500);
    });
  }

  function placeInContents() {
    const links = new Map(all("#pst-page-toc-nav a").map((link) => [link.hash.slice(1), link]));
    const sections = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
    if (!sections.length) return;
    const mark = () => {
      const line = innerHeight * 0.25;
      const here = sections.findLast((section) => section.getBoundingClientRect().top < line);
      for (const [id, link] of links) {
        if (id === here?.id) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    };
    let asked = false;
    addEventListener("scroll", () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => { asked = false; mark(); });
    }, { passive: true });
    // Not now: measuring before the page is laid out would make the browser do it twice.
    requestAnimationFrame(() => setTimeout(mark));
  }

  // A box that scrolls sideways must be reachable with the keyboard; one that does not must not be.
  function scrollBoxes() {
    const boxes = all(".bd-article pre, .bd-article .output, .pst-scrollable-table-container, .bd-article div.math");
    const observer = new ResizeObserver((entries) => {
      // First all questions, then all changes: taking turns would lay the page out once for each box.
      const scrolls = entries.map(({ target }) => target.scrollWidth > target.clientWidth);
      entries.forEach(({ target }, index) => {
        if (scrolls[index]) target.tabIndex = 0;
        else if (target.hasAttribute("tabindex")) target.removeAttribute("tabindex");
      });
    });
    boxes.forEach((box) => observer.observe(box));
  }

  colourMode();
  sideBar("primary");
  sideBar("secondary");
  search();
  placeInContents();
  scrollBoxes();
  copyButtons();
})();
