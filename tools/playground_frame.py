"""Time a frame of the page "Playground" in headless Chromium: ``python tools/playground_frame.py``.

For each model the flat stretch is moved through many places, one a frame; then come the frames of a training. Printed
are, for the script of a frame (compute and set the drawing), the median and the least wall-clock time; and the
processor time of the main thread per frame, with style, layout and painting, which other programs on the machine do not
disturb. Build the site first.
"""

import statistics
import sys
from pathlib import Path

import chromium

PAGE = Path(__file__).resolve().parents[1] / "_build" / "html" / "book" / "playground.html"
FRAMES = 300
RUN = """([model, frames]) => new Promise(done => {
    const times = [];
    const step = () => {
        if (times.length === frames) return done(times);
        playground.set({model, start: 5 * (times.length % 80)});
        const begun = performance.now();
        playground.frame();
        times.push(performance.now() - begun);
        requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
})"""

# The frames of a training, from the press of the button on.
TRAIN = """frames => new Promise(done => {
    const times = [], ask = requestAnimationFrame;
    window.requestAnimationFrame = run => ask(stamp => {
        const begun = performance.now();
        run(stamp);
        times.push(performance.now() - begun);
        if (times.length === frames) done(times);
    });
    document.querySelector("#pg-train").click();
})"""


def main() -> int:
    """Measure and print."""
    if chromium.find() is None or not PAGE.is_file():
        print("needs Chromium and the built site (make book)", file=sys.stderr)
        return 1
    with chromium.launched() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(PAGE.as_uri())
        devtools = page.context.new_cdp_session(page)
        devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

        def busy() -> float:
            metrics = devtools.send("Performance.getMetrics")["metrics"]
            return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")

        for model in ("published", "sharp", "mean", "training"):
            page.evaluate(RUN, ["mean" if model == "training" else model, 50])  # warm up
            before = busy()
            times = page.evaluate(TRAIN, FRAMES) if model == "training" else page.evaluate(RUN, [model, FRAMES])
            processor = 1000 * (busy() - before) / FRAMES
            print(
                f"{model:10} script: median {statistics.median(times):4.1f} ms, least {min(times):4.1f} ms; "
                f"main thread: {processor:4.1f} ms of processor time a frame"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
