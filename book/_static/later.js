// A chapter opens with what is near the screen: cells further down are not laid out yet (book.css), and their formulas
// are not set (tools/mathjax.py). When the page has been at rest for a while, the rest follows, a little at a time, so
// that searching in the page and jumping about in it find everything in its place.
window.addEventListener("load", () => {
  setTimeout(async () => {
    document.documentElement.classList.add("all-laid-out");
    if (!window.MathJax?.startup?.promise) return;
    await MathJax.startup.promise;
    const formulas = [...document.querySelectorAll(".math")].filter((formula) => !formula.querySelector("mjx-container"));
    for (let i = 0; i < formulas.length; i += 5) {
      await new Promise((next) => setTimeout(next));
      await MathJax.typesetPromise(formulas.slice(i, i + 5).filter((formula) => !formula.querySelector("mjx-container")));
    }
  }, 4000);
});
