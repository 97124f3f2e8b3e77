// The plots of the page "Playground": a series, the weights over it, and the true stretch, in SVG. Colours stand in
// playground.css.
"use strict";

const LOOKS = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10]; // where an axis may end; a finer choice would wobble as one drags

function niceTop(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * LOOKS.find((look) => look * power >= value * (1 - 1e-9));
}

function svg(name, attributes = {}, parent = null) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent?.append(element);
  return element;
}

// A plot with the time steps 0 to T - 1 along the x axis, weights on the left axis and values on the right one, as in
// the figures of the book. One unit of the drawing is one pixel, whatever the width, so that text keeps its size.
class Plot {
  constructor(element, T, height, width) {
    Object.assign(this, { element, T, height });
    this.shade = svg("rect", { class: "pg-truth" }, element);
    this.area = svg("path", { class: "pg-area" }, element);
    this.outline = svg("path", { class: "pg-outline" }, element);
    this.even = svg("path", { class: "pg-even" }, element);
    this.line = svg("path", { class: "pg-line" }, element);
    this.axes = svg("g", { class: "pg-axes" }, element);
    this.frame = svg("path", {}, this.axes);
    this.ticks = { x: [], left: [], right: [] };
    const title = (text, side) =>
      Object.assign(svg("text", { class: `pg-title-${side}` }, this.axes), { textContent: text });
    this.titles = { x: title("time step", "x"), left: title("weight", "left"), right: title("value", "right") };
    this.resize(width);
  }

  // The width is measured by the page, once for all plots: a look at each would have the browser lay it out each time.
  resize(width) {
    this.width = Math.max(280, width);
    this.box = { left: 52, right: this.width - 42, top: 24, bottom: this.height - 40 };
    this.element.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    const { left, right, top, bottom } = this.box;
    this.frame.setAttribute("d", `M${left} ${top}V${bottom}H${right}V${top}`);
    const steps = this.width < 500 ? 100 : 50;
    const at = Array.from({ length: Math.ceil(this.T / steps) }, (_, i) => i * steps);
    this.#label("x", at, (t) => ({ x: this.x(t), y: bottom + 16, text: t }));
    this.#place(this.titles.x, (left + right) / 2, this.height - 6);
    this.#place(this.titles.left, left - 44, 12);
    this.#place(this.titles.right, right + 36, 12);
  }

  x(t) {
    return this.box.left + (t / (this.T - 1)) * (this.box.right - this.box.left);
  }

  step(pixel) {
    return ((pixel - this.box.left) / (this.box.right - this.box.left)) * (this.T - 1);
  }

  y(weight) {
    return this.box.bottom - (weight / this.weightTop) * (this.box.bottom - this.box.top);
  }

  valueY(value) {
    return (this.box.top + this.box.bottom) / 2 - (value / this.valueTop) * ((this.box.bottom - this.box.top) / 2);
  }

  draw({ x, truth, weights, weightTop }) {
    this.weightTop = weightTop;
    this.valueTop = niceTop(Math.max(1, 1.05 * x.reduce((most, value) => Math.max(most, Math.abs(value)), 0)));
    const place = (t) => this.x(t);
    this.line.setAttribute("d", path(x, place, (value) => this.valueY(value)));
    const outline = path(weights, place, (weight) => this.y(weight));
    this.outline.setAttribute("d", outline);
    this.area.setAttribute("d", `${outline}V${this.box.bottom}H${this.box.left}Z`);
    const first = truth.indexOf(true);
    const from = first < 0 ? 0 : this.x(Math.max(0, first - 0.5));
    const to = first < 0 ? 0 : this.x(Math.min(this.T - 1, truth.lastIndexOf(true) + 0.5));
    const { top, bottom } = this.box;
    for (const [key, value] of Object.entries({ x: from, width: to - from, y: top, height: bottom - top })) {
      this.shade.setAttribute(key, value);
    }
    const { left, right } = this.box;
    const left3 = [0, 0.5, 1].map((share) => share * weightTop);
    const right3 = [-1, 0, 1].map((share) => share * this.valueTop);
    const text = (number) => Number(number.toPrecision(3));
    this.#label("left", left3, (weight) => ({ x: left - 6, y: this.y(weight) + 4, text: text(weight) }));
    this.#label("right", right3, (value) => ({ x: right + 6, y: this.valueY(value) + 4, text: text(value) }));
    return { from, to };
  }

  drawEven(weight) {
    this.even.setAttribute("d", `M${this.box.left} ${this.y(weight)}H${this.box.right}`);
  }

  #label(side, values, where) {
    const ticks = this.ticks[side];
    while (ticks.length < values.length) ticks.push(svg("text", { class: `pg-tick-${side}` }, this.axes));
    while (ticks.length > values.length) ticks.pop().remove();
    values.forEach((value, i) => {
      const { x, y, text } = where(value);
      this.#place(ticks[i], x, y);
      if (ticks[i].textContent !== String(text)) ticks[i].textContent = text;
    });
  }

  #place(text, x, y) {
    text.setAttribute("x", x);
    text.setAttribute("y", y);
  }
}

function path(values, x, y) {
  let text = "";
  for (let t = 0; t < values.length; t++) text += `${t ? "L" : "M"}${x(t).toFixed(1)} ${y(values[t]).toFixed(1)}`;
  return text;
}
