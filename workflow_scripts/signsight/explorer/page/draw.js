// Canvases: pictures from sprites, maps through lookup tables.

import { palette } from "#maps";

const images = new Map(); // data: URL -> promise of a decoded image
const memory = new WeakMap(); // canvas -> {data, words}: its ImageData, kept from one drawing to the next
const lookup = new Uint32Array(256);

/** The decoded image of a data: URL; every one is decoded once. */
export function decoded(href) {
  if (!images.has(href)) {
    const image = new Image();
    image.src = href;
    images.set(
      href,
      image.decode().then(() => image),
    );
  }
  return images.get(href);
}

/** Where row n of a set's pictures lies: {href, x, y, width, height}. */
export function tileOf(pictures, n) {
  if (Array.isArray(pictures)) return { ...pictures[n], x: 0, y: 0 };
  const [height, width] = pictures.size;
  const sprite = pictures.sprites.find(({ first, count }) => n >= first && n < first + count);
  const place = n - sprite.first;
  return {
    href: sprite.href,
    x: (place % sprite.columns) * width,
    y: Math.floor(place / sprite.columns) * height,
    width,
    height,
  };
}

/** Draw picture n into a canvas, at its own size. */
export async function drawPicture(canvas, pictures, n) {
  const tile = tileOf(pictures, n);
  const image = await decoded(tile.href);
  resize(canvas, tile.width, tile.height);
  const { width, height } = tile;
  canvas.getContext("2d").drawImage(image, tile.x, tile.y, width, height, 0, 0, width, height);
}

/** Pixels of picture n: {pixels: RGBA bytes, width, height}. */
export async function pixelsOf(pictures, n) {
  const canvas = document.createElement("canvas");
  canvas.getContext("2d", { willReadFrequently: true });
  await drawPicture(canvas, pictures, n);
  const { width, height } = canvas;
  return { pixels: canvas.getContext("2d").getImageData(0, 0, width, height).data, width, height };
}

/** Draw RGBA bytes into a canvas. */
export function drawPixels(canvas, pixels, width, height) {
  const { data } = bufferOf(canvas, width, height);
  data.data.set(pixels);
  canvas.getContext("2d").putImageData(data, 0, 0);
}

/** Draw a map at its own size: see `palette` for the reading, the level where colours end, the colours. */
export function drawMap(canvas, map, kind, level, colours, fade = false) {
  const { data, words } = bufferOf(canvas, map.width, map.height);
  palette(kind, level, colours, fade, lookup);
  const { q } = map;
  for (let i = 0; i < q.length; i++) words[i] = lookup[q[i] + 128];
  canvas.getContext("2d").putImageData(data, 0, 0);
}

function bufferOf(canvas, width, height) {
  resize(canvas, width, height);
  let kept = memory.get(canvas);
  if (!kept || kept.data.width !== width || kept.data.height !== height) {
    const data = new ImageData(width, height);
    kept = { data, words: new Uint32Array(data.data.buffer) };
    memory.set(canvas, kept);
  }
  return kept;
}

function resize(canvas, width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}
