// A browser lays out what is on the screen first (book.css), and from here the other sections, one at a time, so that
// no page makes its reader wait. Who comes to a place in a page, or back to it, gets the whole page at once.
"use strict";
{
  const { classList } = document.documentElement;
  const come = performance.getEntriesByType("navigation")[0]?.type;
  if (location.hash || come !== "navigate") classList.add("whole");
  const sections = document.querySelectorAll(".bd-article > section > section").values();
  const next = () => {
    const { value, done } = sections.next();
    if (!done && !classList.contains("whole")) {
      value.classList.add("whole");
      requestAnimationFrame(() => setTimeout(next));
    } else {
      classList.add("whole");
      dispatchEvent(new Event("whole")); // the theme looks for blocks that scroll, and again for those in a fold
      document.addEventListener("toggle", () => dispatchEvent(new Event("resize")), true);
    }
  };
  addEventListener("load", next);
}
