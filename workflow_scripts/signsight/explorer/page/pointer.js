// The cross-hair of a group of panels: it follows the pointer; a click or the arrow keys pin it.

import { say } from "#dom";

/**
 * Listen on `grid`. sizeOf(): {width, height} of the picture; panels(): those that say their values; `at`:
 * where the coordinates are written. The pinned pixel is part of the state. Returns {show(x, y)}.
 */
export function pointer(app, grid, sizeOf, panels, at) {
  const show = (x, y) => {
    const { width, height } = sizeOf();
    const isInside = x >= 0 && y >= 0 && x < width && y < height;
    grid.classList.toggle("pointed", isInside);
    grid.style.setProperty("--x", (x + 0.5) / width);
    grid.style.setProperty("--y", (y + 0.5) / height);
    if (at) say(at, isInside ? `x ${x}, y ${y}` : `${width} × ${height} px`);
    for (const panel of panels()) panel.show(isInside ? x : -1, y, width, height);
  };
  const rest = () => show(app.scene.state.x, app.scene.state.y);
  grid.addEventListener("pointermove", (event) => {
    const to = pixelAt(event, sizeOf());
    if (to) show(to.x, to.y);
    else rest();
  });
  grid.addEventListener("pointerleave", rest);
  grid.addEventListener("click", (event) => {
    const to = pixelAt(event, sizeOf());
    const { x, y } = app.scene.state;
    if (to) app.store.set(to.x === x && to.y === y ? { x: -1, y: -1 } : to, "cross");
  });
  grid.addEventListener("keydown", (event) => {
    const to = event.target.closest(".stage") && keyStep(event.key, app.scene.state, sizeOf());
    if (!to) return;
    event.preventDefault();
    app.store.set(to, "cross");
  });
  return { show };
}

function pixelAt(event, { width, height }) {
  const stage = event.target.closest?.(".stage");
  if (!stage) return null;
  const box = stage.getBoundingClientRect();
  return {
    x: clip(Math.floor(((event.clientX - box.left) / box.width) * width), width),
    y: clip(Math.floor(((event.clientY - box.top) / box.height) * height), height),
  };
}

/** Where an arrow key moves the cross-hair; the first one puts it in the middle. */
function keyStep(key, { x, y }, { width, height }) {
  const by = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key];
  if (!by) return null;
  if (x < 0) return { x: width >> 1, y: height >> 1 };
  return { x: clip(x + by[0], width), y: clip(y + by[1], height) };
}

function clip(value, pixels) {
  return Math.min(Math.max(value, 0), pixels - 1);
}
