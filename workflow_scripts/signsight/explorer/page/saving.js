// One map to take along: as PNG or SVG with its title and legend, and its values as CSV.

import { drawMap } from "#draw";
import { h, svg } from "#dom";
import { colourBar, coloursOf, meaning } from "#legend";
import { clipLevel } from "#maps";
import { number } from "#text";

const [SIDE, MARGIN, SCALE] = [480, 24, 2];

/** The values of a map as CSV: a line for each row of pixels, full precision; pure. */
export function csv({ q, width, height, scale }) {
  const line = (y) => Array.from(q.subarray(y * width, (y + 1) * width), (v) => (v / 127) * scale).join(",");
  return Array.from({ length: height }, (_, y) => line(y)).join("\n") + "\n";
}

/** A panel's map as an SVG element: the picture and the map over it, the title, the legend. */
export function drawing({ map, kind, under, method }, state, title) {
  const height = Math.round((SIDE * map.height) / map.width);
  const rendering = state.smooth ? "auto" : "pixelated";
  const place = {
    x: MARGIN,
    y: 64,
    width: SIDE,
    height,
    preserveAspectRatio: "none",
    style: `image-rendering:${rendering}`,
  };
  const canvas = document.createElement("canvas");
  const level = clipLevel(map.q, state.clip, kind);
  drawMap(canvas, map, kind, level, coloursOf(kind, state), state.fade);
  const bar = colourBar(kind, state, "colours", "saved-bar");
  for (const [name, value] of Object.entries({ x: MARGIN, y: height + 80, width: SIDE, height: 14 }))
    bar.setAttribute(name, value);
  const end = (level / 127) * map.scale;
  const entries = meaning(kind, state);
  const words = entries.map(({ at, text }) => {
    const value = kind === "signed" ? (2 * at - 1) * end : at * end;
    const anchor = at === 0 ? "start" : at === 1 ? "end" : "middle";
    return [
      svg("text", { x: MARGIN + at * SIDE, y: height + 112, "text-anchor": anchor }, number(value)),
      svg("text", { x: MARGIN + at * SIDE, y: height + 130, "text-anchor": anchor, "font-size": 12 }, text),
    ];
  });
  const [w, total] = [SIDE + 2 * MARGIN, height + 150];
  return svg(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${w} ${total}`,
      width: w,
      height: total,
      "font-family": "sans-serif",
      "font-size": 14,
      fill: "#222",
    },
    svg("rect", { width: w, height: total, fill: "#fff" }),
    svg("text", { x: MARGIN, y: 30, "font-size": 18, "font-weight": "bold" }, method.label),
    svg("text", { x: MARGIN, y: 52 }, title),
    state.opacity < 100 || state.fade ? svg("image", { ...place, href: under.toDataURL() }) : null,
    svg("image", { ...place, href: canvas.toDataURL(), opacity: state.opacity / 100 }),
    bar,
    ...words.flat(),
  );
}

/** The text of an SVG file. */
export function svgText(element) {
  return new XMLSerializer().serializeToString(element);
}

/** The SVG rasterised: a promise of a PNG blob. */
export async function png(element) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgText(element))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [SCALE * image.width, SCALE * image.height];
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/** Hand a file to the browser's downloads. */
export function download(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

/** Put text on the clipboard; also where the browser grants no clipboard to files from disk. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = h("textarea", { readonly: true, class: "skip" });
    document.body.append(field);
    field.value = text;
    field.select();
    document.execCommand("copy");
    field.remove();
  }
}
