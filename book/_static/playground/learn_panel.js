// The panel "Watch it learn" of the page "Playground": its controls, its curves, and when it works. What is computed
// stands in learn.js.
"use strict";

const SLICE = 8; // ms of a frame that go into the training; the rest is for drawing
const MOST = 600; // updates, after which a training stops by itself

// Loss and held-out accuracy over the updates, on one axis from 0 to 1, in SVG. A unit is a pixel, as in plot.js.
class Curves {
  constructor(element, height, width) {
    Object.assign(this, { element, height });
    const path = (name, parent = element) => svg("path", { class: name }, parent);
    [this.goal, this.before, this.loss, this.accuracy] = ["even", "before", "loss", "accuracy"].map((name) =>
      path(`pg-${name}`),
    );
    this.axes = svg("g", { class: "pg-axes" }, element);
    this.frame = path("", this.axes);
    this.resize(width);
  }

  resize(shown) {
    const width = (this.width = Math.max(280, shown));
    const { height } = this;
    this.element.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.frame.setAttribute("d", `M${this.x(0)} ${this.y(1)}V${this.y(0)}H${this.x(MOST)}`);
    this.goal.setAttribute("d", `M${this.x(0)} ${this.y(LEARN.goal)}H${this.x(MOST)}`);
    this.axes.replaceChildren(this.frame);
    const label = (x, y, name, text) =>
      (svg("text", { x, y, class: `pg-${name}` }, this.axes).textContent = text);
    for (const value of [0, 0.5, 1]) label(this.x(0) - 6, this.y(value) + 4, "tick-left", value);
    for (let at = 0; at <= MOST; at += 100) label(this.x(at), this.y(0) + 16, "tick-x", at);
    label((this.x(0) + this.x(MOST)) / 2, height - 4, "title-x", "updates");
  }

  x(updates) {
    return 52 + (updates / MOST) * (this.width - 94);
  }

  y(value) {
    return this.height - 38 - Math.min(1, value) * (this.height - 48);
  }

  draw(losses, accuracies, before) {
    const every = (_, i) => this.x(LEARN.every * (i + 1));
    const line = (values, x) => values.map((v, i) => `${i ? "L" : "M"}${x(v, i).toFixed(1)} ${this.y(v).toFixed(1)}`);
    this.loss.setAttribute("d", line(losses, (_, i) => this.x(i + 1)).join(""));
    this.accuracy.setAttribute("d", line(accuracies, every).join(""));
    this.before.setAttribute("d", line(before, every).join(""));
  }
}

// `plot` shows the wave that stands on the page, which `shown` returns as { x, truth }.
function startLearning(plot, shown) {
  const curves = new Curves($("curves"), 200, plot.width);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let seed = 1;
  let training = null;
  let before = []; // accuracies of the training before this one
  let running = false;

  function begin() {
    if (training?.accuracies.length) before = training.accuracies;
    const [pooling, noise, rate] = ["pooling", "training-noise", "rate"].map((name) => $(name).value);
    const slope = $("slope").checked;
    training = new Training({ seed, pooling, noise: Number(noise), slope, rate: Number(rate) });
    $("slope-says").hidden = !slope;
    draw();
  }

  function say() {
    const { losses, accuracies, reached } = training;
    const done = losses.length;
    const accuracy = accuracies.length ? accuracies.at(-1).toFixed(3) : "not measured yet";
    $("learn-says").textContent =
      `Seed ${seed}, ${done} updates. ` +
      (done ? `Loss ${losses.at(-1).toFixed(2)}, held-out accuracy ${accuracy}` : "Nothing learnt yet") +
      (reached ? `, above ${LEARN.goal} first after ${reached} updates.` : ".");
    $("train").textContent = running ? "Pause" : "Train";
  }

  function draw() {
    say();
    curves.draw(training.losses, training.accuracies, before);
    const wave = shown();
    if (!wave) return;
    const { x, truth } = wave;
    const { alpha, logit } = training.says(x);
    const weights = x.map((_, t) => alpha[Math.floor(t / LEARN.patch_size)] / LEARN.patch_size);
    plot.draw({ x, truth, weights, weightTop: niceTop(Math.max(0.01, 1.1 * Math.max(...weights))) });
    plot.drawEven(1 / x.length);
    const inside = truth.reduce((sum, held, t) => sum + (held ? weights[t] : 0), 0);
    const share = truth.filter(Boolean).length / x.length;
    $("learn-wave").textContent =
      `Your wave: probability of a flat stretch ${sigmoid(logit).toFixed(3)}` +
      (share ? `; weight on the stretch ${inside.toFixed(2)}, even would be ${share.toFixed(2)}.` : ".");
  }

  // One frame: train for a while, then draw. Where no motion is wanted, draw when the training rests.
  function work() {
    if (!running) return;
    const until = performance.now() + SLICE;
    while (performance.now() < until && training.work.next().value !== "update");
    if (training.losses.length >= MOST) pause();
    else {
      if (!still.matches) draw();
      else if (training.losses.length % LEARN.every === 0) say();
      requestAnimationFrame(work);
    }
  }

  function pause(why = "") {
    running = false;
    draw();
    $("learn-live").textContent = `${why}${$("learn-says").textContent}`;
  }

  $("train").addEventListener("click", () => {
    if (running) return pause();
    if (training.losses.length >= MOST) begin();
    running = true;
    say();
    requestAnimationFrame(work);
  });
  $("step").addEventListener("click", () => {
    running = false;
    while (training.work.next().value !== "update");
    pause();
  });
  $("reset").addEventListener("click", () => {
    running = false;
    begin();
  });
  $("seed").addEventListener("click", () => {
    seed += 1;
    begin(); // and goes on, if it ran
  });
  for (const name of ["pooling", "training-noise", "slope"]) $(name).addEventListener("change", begin);
  $("rate").addEventListener("change", () => (training.rate = Number($("rate").value)));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && running) pause("Paused while the page was hidden. ");
  });

  begin();
  return {
    draw,
    resize(width) {
      curves.resize(width);
      plot.resize(width);
    },
    get training() {
      return training;
    },
    get running() {
      return running;
    },
  };
}
