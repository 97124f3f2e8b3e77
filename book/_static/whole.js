// A browser draws what is on the screen first (book.css). From here come the other scripts, the figures further down,
// and the other sections, a piece a frame, so that no page makes its reader wait. Who comes to a place in a page, or
// back to it, gets all sections at once.
"use strict";
{
  const PIECE = 150; // elements that are laid out in one frame
  const { classList } = document.documentElement;
  const come = performance.getEntriesByType("navigation")[0]?.type;
  if (location.hash || come !== "navigate") classList.add("whole");
  const frame = () => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));

  const load = (late) =>
    new Promise((onload) => {
      late.type = "loaded"; // in the head: what comes or goes in the body has styles computed anew
      const script = Object.assign(document.createElement("script"), { src: late.src, async: false });
      document.head.append(Object.assign(script, { onload, onerror: onload }));
    });

  const isBelow = (part) => part.getBoundingClientRect().top > innerHeight;

  async function layOut(section) {
    const pieces = [...section.children].filter(isBelow(section) ? () => true : isBelow);
    for (const piece of pieces) piece.classList.add("later");
    section.classList.add("whole");
    let size = 0;
    for (const piece of pieces) {
      size += piece.getElementsByTagName("*").length;
      if (size > PIECE) await frame();
      if (size > PIECE) size = 0;
      piece.classList.remove("later");
    }
    await frame();
  }

  async function layOutAll() {
    for (const section of document.querySelectorAll(".bd-article > section > section")) {
      if (!classList.contains("whole")) await layOut(section);
    }
  }

  // What scripts have left for later, a task a frame.
  async function run(scripts) {
    await Promise.all(scripts);
    for (const task of window.later ?? []) {
      task();
      await frame();
    }
  }

  async function goOn() {
    await frame();
    await frame();
    const scripts = [...document.querySelectorAll("script[type=late]")].map(load);
    for (const picture of document.images) picture.loading = "eager";
    await Promise.all([layOutAll(), run(scripts)]);
    classList.add("whole");
    dispatchEvent(new Event("whole")); // the theme looks for blocks that scroll, and again for those in a fold
    document.addEventListener("toggle", () => dispatchEvent(new Event("resize")), true);
  }
  goOn();
}
