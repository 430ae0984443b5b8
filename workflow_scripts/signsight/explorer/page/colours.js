// Colour maps that colour-blind readers can tell apart, as lookup tables; pure.

// Evenly spaced anchors: ColorBrewer's diverging schemes, and the sequential ones of matplotlib (CC0).
const ANCHORS = {
  "blue-red": "053061 2064aa 4393c3 90c4dd d1e5f0 f7f6f6 fddbc7 f3a380 d6604d b0172a 67001f",
  "purple-orange": "2d004b 532686 8073ac b1a9d1 d8daeb f7f6f5 fee0b6 fcb661 e08214 b15706 7f3b08",
  "brown-teal": "543005 8a5009 bf812d dec07b f6e8c3 f4f4f4 c7eae5 7ecbc0 35978f 00655d 003c30",
  inferno:
    "000003 0a0723 200c4a 3c0965 570f6d 70196e 892269 a32b61 bb3754 d14643 e45a31 f1721d f98e08 fbac10 " +
    "f8cb34 f1e968 fcfea4",
  viridis:
    "440154 47186a 472c7b 424085 3a528b 32628d 2c728e 26818e 20908c 1e9f88 28ae7f 3ebc73 5ec961 83d34b " +
    "addc30 d7e219 fde724",
  cividis:
    "00224d 00285b 002d69 043270 1a386f 273d6d 31436c 3a486b 434e6b 4b546c 52596c 595f6d " +
    "61646f 686a70 6e7073 757575 7c7b78 848178 8b8778 938d77 9b9376 a39a74 aba072 b3a66f " +
    "bbad6c c4b468 ccbb63 d5c25e dec957 e6d04f efd846 f9df3a fde737",
  grey: "000000 ffffff",
};

/** Names with what they are called; the first of each is the default. */
export const DIVERGING = {
  "blue-red": { label: "blue to red", low: "blue", middle: "white", high: "red" },
  "purple-orange": { label: "purple to orange", low: "purple", middle: "white", high: "orange" },
  "brown-teal": { label: "brown to teal", low: "brown", middle: "white", high: "teal" },
};
export const SEQUENTIAL = {
  inferno: { label: "inferno", low: "black", high: "pale yellow" },
  viridis: { label: "viridis", low: "dark purple", high: "yellow" },
  cividis: { label: "cividis", low: "dark blue", high: "yellow" },
  grey: { label: "grey", low: "black", high: "white" },
};

const tables = new Map();

/** 257 x 3 bytes: the colours of shares -1...1 (diverging; the middle is 0) or 0...1 (sequential). */
export function table(name) {
  if (!tables.has(name)) tables.set(name, interpolate(ANCHORS[name].split(" ").map(rgbOf)));
  return tables.get(name);
}

/** CSS colour of a share in 0...1 of a colour map. */
export function css(name, share) {
  const at = 3 * Math.round(share * 256);
  const [r, g, b] = table(name).subarray(at, at + 3);
  return `rgb(${r} ${g} ${b})`;
}

function rgbOf(hex) {
  return [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

function interpolate(anchors) {
  const out = new Uint8Array(257 * 3);
  for (let level = 0; level <= 256; level++) {
    const place = (level / 256) * (anchors.length - 1);
    const left = Math.min(Math.floor(place), anchors.length - 2);
    for (let c = 0; c < 3; c++) {
      const [a, b] = [anchors[left][c], anchors[left + 1][c]];
      out[3 * level + c] = Math.round(a + (place - left) * (b - a));
    }
  }
  return out;
}
