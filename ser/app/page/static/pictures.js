// Pictures of a recording: SVG as wide as its place, drawn anew when that changes. Colours are page.css's.

const LEFT = 44, RIGHT = 12, AXIS = 36, GAP = 10;
const MAGMA = [ // of matplotlib, in tenths
  [0, 0, 4], [20, 14, 54], [59, 15, 112], [100, 26, 128], [140, 41, 129], [183, 55, 121], [222, 73, 104],
  [247, 112, 92], [254, 159, 109], [254, 207, 146], [252, 253, 191],
];
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
const shown = new Map(); // from a figure to what draws it

addEventListener("resize", redraw);

/** Draws all figures that have a place. */
export function redraw() {
  for (const [figure, draw] of shown) if (figure.clientWidth) figure.replaceChildren(...draw(figure.clientWidth));
}

function show(figure, draw) {
  shown.set(figure, draw);
  redraw();
}

/** What was encoded in base64, as bytes. */
export function decoded(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** Waveform and spectrogram of what the model hears. `samples` are 16-bit. */
export function showHeard(figure, { seconds, spectrogram }, samples) {
  const image = imageOf(spectrogram);
  show(figure, (width) => {
    const picture = new Picture(width, seconds);
    const box = picture.box(90);
    const peaks = [];
    for (let x = 0; x < Math.ceil(box.width); x++) {
      const part = samples.subarray((x * samples.length) / box.width, ((x + 1) * samples.length) / box.width + 1);
      peaks.push([Math.min(...part), Math.max(...part)]);
    }
    picture.waveform(box, peaks, 1);
    picture.spectrogram(picture.box(190), spectrogram, image);
    return [picture.finish("Waveform and log-mel spectrogram of what the model hears."), levelsLegend(spectrogram)];
  });
}

/** Waveform, spectrogram, segments and probabilities of a long recording. */
export function showTimeline(figure, timeline, colours) {
  const image = imageOf(timeline.spectrogram);
  show(figure, (width) => {
    const picture = new Picture(width, timeline.seconds);
    const columnWidth = (timeline.column / timeline.seconds) * (width - LEFT - RIGHT);
    picture.waveform(picture.box(60), timeline.peaks, columnWidth);
    picture.spectrogram(picture.box(110), timeline.spectrogram, image, columnWidth);
    picture.segments(picture.box(22), timeline.segments, colours);
    picture.probabilities(picture.box(120), timeline, colours);
    const said = timeline.segments.map(({ start, end, emotion }) => `${emotion} from ${clock(start)} to ${clock(end)}`);
    return [
      picture.finish(`Emotions over time, below waveform and spectrogram: ${said.join(", ") || "no voice"}.`),
      legend([...timeline.classes.map((name) => [colours[name], name]), ["var(--track)", "no voice"]]),
    ];
  });
}

/** What in the spectrogram spoke for an emotion, and what against. */
export function showExplanation(figure, { emotion, probability, seconds, spectrogram, relevance }) {
  const image = imageOf(spectrogram);
  show(figure, (width) => {
    const picture = new Picture(width, seconds);
    const box = picture.box(220);
    picture.spectrogram(box, spectrogram, image).classList.add("grey");
    const strongest = Math.max(1e-6, ...relevance.flat().map(Math.abs));
    const [height, regionWidth] = [box.height / relevance.length, box.width / relevance[0].length];
    relevance.forEach((band, row) => band.forEach((nats, column) => picture.add("rect", {
      class: nats > 0 ? "for" : "against",
      x: box.left + column * regionWidth,
      y: box.bottom - (row + 1) * height,
      width: regionWidth,
      height,
      "fill-opacity": 0.8 * Math.sqrt(Math.abs(nats) / strongest), // what did nothing stays grey
    })));
    return [
      picture.finish(`What in the spectrogram spoke for ${emotion} (${percent(probability, 1)}), and what against.`),
      legend([["var(--for)", `speaks for ${emotion} (${percent(probability, 1)})`], ["var(--against)", "speaks against it"]]),
    ];
  });
}

/** Pictures one below the other, over one axis of time. */
class Picture {
  constructor(width, seconds) {
    [this.width, this.seconds, this.bottom] = [width, seconds, 10];
    this.svg = element("svg", { role: "img", width });
  }

  add(tag, attributes, ...children) {
    const added = element(tag, attributes, ...children);
    this.svg.append(added);
    return added;
  }

  /** Room for the next one. */
  box(height) {
    const top = this.bottom;
    this.bottom += height + GAP;
    return { left: LEFT, width: this.width - LEFT - RIGHT, top, height, bottom: top + height };
  }

  label(x, y, text, anchor = "end") {
    this.add("text", { x, y, "text-anchor": anchor, "dominant-baseline": "middle" }, text);
  }

  waveform(box, peaks, columnWidth) {
    const loudest = Math.max(...peaks.flat().map(Math.abs)) || 1;
    const y = (value) => box.top + (box.height / 2) * (1 - value / loudest);
    const edge = (side) => peaks.map((peak, i) => `${box.left + (i + 0.5) * columnWidth},${y(peak[side]).toFixed(1)}`);
    this.add("polygon", { class: "wave", points: [...edge(1), ...edge(0).reverse()].join(" ") });
  }

  spectrogram(box, { n_bands, n_frames, ticks }, image, frameWidth = box.width / n_frames) {
    const { left, top, height } = box;
    const width = n_frames * frameWidth;
    const drawn = this.add("image", { x: left, y: top, width, height, preserveAspectRatio: "none", href: image });
    let last = Infinity;
    for (const [khz, row] of ticks) {
      const y = box.bottom - (row / n_bands) * height;
      if (last - y >= 14) this.label(left - 6, (last = y), khz === ticks.at(-1)[0] ? `${khz} kHz` : khz);
    }
    return drawn;
  }

  segments(box, segments, colours) {
    for (const { start, end, emotion, confidence } of segments) {
      const [x, width] = [this.x(start), this.x(end) - this.x(start)];
      const title = element("title", {}, `${emotion}, ${clock(start)} to ${clock(end)}, ${percent(confidence, 1)}`);
      this.add("rect", { x, y: box.top, width, height: box.height, fill: colours[emotion] }, title);
      if (width > 7 * emotion.length) {
        const attributes = { x: x + width / 2, y: box.top + box.height / 2 + 1, "text-anchor": "middle" };
        this.add("text", { ...attributes, "dominant-baseline": "middle", fill: inkOn(colours[emotion]) }, emotion);
      }
    }
  }

  probabilities(box, { classes, probabilities }, colours) {
    const step = box.width / probabilities.length;
    const paths = classes.map(() => "");
    const silence = [];
    probabilities.forEach((row, i) => {
      const [left, right] = [box.left + i * step, box.left + (i + 1) * step];
      if (!row) silence.push(`M${left},${box.top}H${right}V${box.bottom}H${left}Z`);
      let y = box.bottom;
      row?.forEach((probability, c) => {
        const top = y - probability * box.height;
        paths[c] += `M${left},${y}H${right}V${top}H${left}Z`;
        y = top;
      });
    });
    this.add("path", { class: "silence", d: silence.join("") });
    paths.forEach((d, c) => this.add("path", { class: "share", d, fill: colours[classes[c]] }));
    for (const share of [0, 0.5, 1]) this.label(box.left - 6, box.bottom - share * box.height, percent(share));
  }

  x(time) {
    return LEFT + (time / this.seconds) * (this.width - LEFT - RIGHT);
  }

  /** Adds the axis of time, and says what is to be seen. */
  finish(description) {
    const step = STEPS.find((one) => (one / this.seconds) * this.width > 55) ?? this.seconds;
    for (let i = 0; i * step <= this.seconds; i++) {
      this.label(this.x(i * step), this.bottom + 4, clock(i * step, step < 1 ? 1 : 0), "middle");
    }
    this.label(this.width - RIGHT, this.bottom + 20, this.seconds < 60 ? "seconds" : "minutes");
    this.svg.setAttribute("height", this.bottom + AXIS - GAP + 4);
    this.svg.setAttribute("aria-label", description);
    return this.svg;
  }
}

function element(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A spectrogram's bytes, the lowest band first, as the address of an image. */
function imageOf({ n_bands, n_frames, levels }) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [n_frames, n_bands];
  const context = canvas.getContext("2d");
  const image = context.createImageData(n_frames, n_bands);
  decoded(levels).forEach((shade, i) => {
    const row = n_bands - 1 - Math.floor(i / n_frames);
    image.data.set([...magma(shade / 255), 255], 4 * (row * n_frames + (i % n_frames)));
  });
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

function magma(share) {
  const below = Math.min(9, Math.floor(10 * share));
  return MAGMA[below].map((low, i) => Math.round(low + (MAGMA[below + 1][i] - low) * (10 * share - below)));
}

/** A list of colours and what they stand for. */
function legend(entries) {
  const list = document.createElement("ul");
  list.className = "legend";
  for (const [colour, text] of entries) {
    const swatch = document.createElement("span");
    swatch.style.background = colour;
    const item = document.createElement("li");
    item.append(swatch, text);
    list.append(item);
  }
  return list;
}

function levelsLegend({ floor }) {
  const shades = MAGMA.map((rgb) => `rgb(${rgb})`);
  const list = legend([[`linear-gradient(to right, ${shades})`, `−${-floor} to 0 dB re the loudest point`]]);
  list.classList.add("levels");
  return list;
}

function inkOn(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue < 102 ? "#fff" : "#000";
}

/** Seconds as on a clock; below a minute, with decimals. */
export function clock(seconds, decimals = 1) {
  if (seconds < 60) return seconds.toFixed(decimals);
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}

/** A share, as percentage. */
export function percent(share, decimals = 0) {
  return `${(100 * share).toFixed(decimals)}%`;
}
