/**
 * Tiles: an image, a map of it, or the map over the image, each on a canvas that is filled when it comes near the screen.
 */

import { element } from "./dom.js";
import { fullColour, isBlank, paintMap, renderMap } from "./maps.js";

/** Pixels of the longer side of a tile's canvas. */
const TILE_SIDE = 144;
/** How far from the screen a tile is filled. */
const NEAR_SCREEN = "300px";

/**
 * How maps are shown.
 *
 * @typedef {object} Look
 * @property {number} opacity of the map: 0 is the image alone, 1 the map alone
 * @property {boolean} shared whether maps of a group have one scale of colours, that of their largest values
 */

/**
 * What a tile draws.
 *
 * @typedef {object} Drawn
 * @property {CanvasImageSource | null} picture
 * @property {import("./maps.js").PlacedMap | null} map
 */

/**
 * A map of a study as it is drawn; null where the page has none.
 *
 * @param {import("./study.js").Study} study
 * @param {string} collection key
 * @param {string} method key
 * @param {string} model key
 * @param {number} image index
 * @returns {Promise<import("./maps.js").PlacedMap | null>}
 */
export async function placedMap(study, collection, method, model, image) {
  const basis = study.basis(method, model);
  const values = basis && (await study.map(collection, method, model, image));
  return values ? withLabels(study, collection, image, basis, values) : null;
}

/**
 * A map in a basis, with the superpixels of its image where the basis needs them.
 *
 * @param {import("./study.js").Study} study
 * @param {string} collection key
 * @param {number} image index
 * @param {import("./types.js").Basis} basis
 * @param {ArrayLike<number>} values
 * @returns {Promise<import("./maps.js").PlacedMap | null>} null where there are no superpixels
 */
export async function withLabels(study, collection, image, basis, values) {
  if (basis.kind !== "segments") return { basis, values };
  const labels = await study.segments(collection, image);
  const [height, width] = study.collection(collection).segmentSize;
  return labels ? { basis, values, labels: { labels, height, width } } : null;
}

/**
 * Width and height of a canvas for a frame.
 *
 * @param {[number, number]} frame height and width
 * @param {number} [side] of the longer side
 * @returns {{width: number, height: number}}
 */
export function canvasSize([height, width], side = TILE_SIDE) {
  const factor = side / Math.max(height, width, 1);
  return { width: Math.max(1, Math.round(width * factor)), height: Math.max(1, Math.round(height * factor)) };
}

/** Tiles that share a look, and the cross that shows one place in all of them. */
export class Tiles {
  /**
   * @param {[number, number]} frame height and width of the images
   * @param {Look} look
   * @param {number} [side] pixels of the longer side of a canvas
   */
  constructor(frame, look, side = TILE_SIDE) {
    this.size = canvasSize(frame, side);
    this.look = look;
    /** @type {Map<Element, Tile>} */
    this.tiles = new Map();
    this.observer = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) {
          if (!entry.isIntersecting) continue;
          this.observer.unobserve(entry.target);
          this.tiles.get(entry.target)?.fill();
        }
      },
      { rootMargin: NEAR_SCREEN },
    );
  }

  /**
   * A tile, empty until it comes near the screen.
   *
   * @param {string} label what it shows, for readers who cannot see it
   * @param {() => Promise<Drawn>} load
   * @param {{group?: string, map?: boolean, valued?: boolean}} [options] group: of tiles that can share a scale; map: it is a
   *   map without an image, whatever the look; valued: its values mean something by themselves, and are shown at a place
   * @returns {HTMLElement}
   */
  add(label, load, { group = "", map = false, valued = true } = {}) {
    const tile = new Tile(this, label, load, { group, map, valued });
    this.tiles.set(tile.node, tile);
    this.observer.observe(tile.node);
    return tile.node;
  }

  /**
   * Show all tiles in another way.
   *
   * @param {Look} look
   */
  setLook(look) {
    this.look = look;
    for (const tile of this.tiles.values()) tile.paint();
  }

  /**
   * Value of full colour of a group's tiles: the largest of those that are filled.
   *
   * @param {string} group
   * @returns {number}
   */
  fullOf(group) {
    let full = 0;
    for (const tile of this.tiles.values()) if (tile.group === group) full = Math.max(full, tile.full);
    return full;
  }

  /** @param {Tile} filled a tile with new values: others of its group may need another scale */
  rescale(filled) {
    for (const tile of this.tiles.values()) {
      if (tile === filled || (this.look.shared && tile.group === filled.group)) tile.paint();
    }
  }

  /**
   * Show one place in all tiles, with the value that each map has there.
   *
   * @param {{x: number, y: number} | null} place shares of width and height; null: no place
   */
  point(place) {
    for (const tile of this.tiles.values()) tile.point(place);
  }

  /**
   * Fill the first tiles now, wherever they are.
   *
   * @param {number} count
   */
  async fillFirst(count) {
    const first = [...this.tiles.values()].slice(0, count);
    await Promise.all(first.map((tile) => tile.fill()));
  }

  /**
   * Addresses of the pictures on all canvases, in the order in which they were added; null where there is neither image nor
   * map.
   *
   * @returns {(string | null)[]}
   */
  drawn() {
    return [...this.tiles.values()].map((tile) => (tile.pixels || tile.picture ? tile.canvas.toDataURL() : null));
  }

  dispose() {
    this.observer.disconnect();
    this.tiles.clear();
  }
}

class Tile {
  /**
   * @param {Tiles} tiles
   * @param {string} label
   * @param {() => Promise<Drawn>} load
   * @param {{group: string, map: boolean, valued: boolean}} options
   */
  constructor(tiles, label, load, { group, map, valued }) {
    this.tiles = tiles;
    this.load = load;
    this.group = group;
    this.map = map;
    this.valued = valued;
    this.full = 0;
    /** @type {Float32Array | null} */
    this.pixels = null;
    /** @type {CanvasImageSource | null} */
    this.picture = null;
    this.isFilled = false;
    /** @type {Promise<void> | null} */
    this.filling = null;
    this.canvas = element("canvas", { role: "img", "aria-label": label });
    Object.assign(this.canvas, tiles.size);
    this.note = element("span", { class: "tile-note" });
    this.cross = element("span", { class: "tile-cross", hidden: true });
    this.value = element("span", { class: "tile-value", hidden: true });
    this.node = element("span", { class: "tile" }, this.canvas, this.note, this.cross, this.value);
    this.node.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
      const box = this.canvas.getBoundingClientRect();
      const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
      tiles.point(x >= 0 && x < 1 && y >= 0 && y < 1 ? { x, y } : null);
    });
    this.node.addEventListener("pointerleave", () => tiles.point(null));
  }

  /** Draw what the tile shows; once. */
  fill() {
    this.filling ??= this.loadAndPaint();
    return this.filling;
  }

  async loadAndPaint() {
    const { width, height } = this.tiles.size;
    const { picture, map } = await this.load();
    this.picture = picture;
    this.pixels = map && renderMap(map, width, height);
    this.full = this.pixels ? fullColour(this.pixels) : 0;
    this.isFilled = true;
    this.note.textContent = this.pixels ? (isBlank(this.pixels) ? "blank" : "") : picture ? "" : "no map";
    this.node.classList.add("filled");
    this.tiles.rescale(this);
  }

  paint() {
    if (!this.isFilled) return;
    const { opacity, shared } = this.tiles.look;
    paintMap(this.canvas, {
      pixels: this.pixels,
      picture: this.picture,
      full: shared ? this.tiles.fullOf(this.group) : this.full,
      opacity: this.map ? 1 : opacity,
    });
  }

  /** @param {{x: number, y: number} | null} place */
  point(place) {
    const shown = place !== null && this.isFilled;
    this.cross.hidden = !shown;
    this.value.hidden = !shown || !this.pixels || !this.valued;
    if (!shown || !place) return;
    this.cross.style.left = `${100 * place.x}%`;
    this.cross.style.top = `${100 * place.y}%`;
    if (!this.pixels) return;
    const { width, height } = this.tiles.size;
    const at = Math.floor(place.y * height) * width + Math.floor(place.x * width);
    this.value.textContent = Number.isNaN(this.pixels[at]) ? "–" : this.pixels[at].toPrecision(2).replace("-", "−");
  }
}

/**
 * The look that a state asks for.
 *
 * @param {Record<string, string>} state `shown`: "image", "overlay" or "map"; `opacity` of an overlay, per cent; `range`:
 *   "each" or "shared"
 * @returns {Look}
 */
export function lookOf(state) {
  const opacity = state.shown === "image" ? 0 : state.shown === "map" ? 1 : overlayOpacity(state) / 100;
  return { opacity, shared: state.range === "shared" };
}

/** @param {Record<string, string>} state @returns {number} opacity of an overlay, per cent */
function overlayOpacity(state) {
  const opacity = Number(state.opacity ?? 75);
  return Number.isFinite(opacity) ? Math.min(100, Math.max(0, opacity)) : 75;
}

/**
 * Controls of a look: image, overlay or map; opacity; one scale for each map or for a method.
 *
 * @param {Record<string, string>} state
 * @param {(changes: Record<string, string>) => void} change
 * @param {...HTMLElement} more controls of the view
 * @returns {HTMLElement}
 */
export function lookControls(state, change, ...more) {
  const now = { ...state };
  const shown = () => now.shown ?? "overlay";
  const apply = (/** @type {Record<string, string>} */ changes) => {
    Object.assign(now, changes);
    refresh();
    change(changes);
  };
  const buttons = ["image", "overlay", "map"].map((key) =>
    element("button", { type: "button", "data-key": `shown-${key}`, "data-shown": key, on: { click: () => apply({ shown: key }) } }, key),
  );
  const slider = element("input", {
    type: "range", min: 0, max: 100, step: 5, value: overlayOpacity(now), "aria-label": "Opacity of the maps, per cent", "data-key": "opacity",
    on: { input: () => apply({ shown: "overlay", opacity: slider.value }) },
  });
  const percent = element("output", {}, `${slider.value} %`);
  const scale = element(
    "select",
    { "aria-label": "Scale of colours", "data-key": "range", on: { change: () => apply({ range: scale.value }) } },
    element("option", { value: "each" }, "each map's own"),
    element("option", { value: "shared" }, "one for a method"),
  );
  scale.value = now.range === "shared" ? "shared" : "each";
  const refresh = () => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.shown === shown()));
    percent.textContent = shown() === "overlay" ? `${slider.value} %` : "";
  };
  refresh();
  return element(
    "div",
    { class: "look", role: "group", "aria-label": "How maps are shown" },
    element("div", { class: "choice", role: "group", "aria-label": "Show" }, element("span", { class: "choice-label" }, "Show"), element("div", { class: "tabs" }, buttons)),
    element("label", { class: "choice" }, element("span", { class: "choice-label" }, "Opacity"), slider, percent),
    element("label", { class: "choice" }, element("span", { class: "choice-label" }, "Scale"), scale),
    ...more,
    colourKey(),
  );
}

/**
 * What the colours of maps mean.
 *
 * @returns {HTMLElement}
 */
function colourKey() {
  return element(
    "span",
    { class: "colour-key" },
    element("span", { class: "muted" }, "against"),
    element("span", { class: "colour-ramp", role: "img", "aria-label": "Blue speaks against the class, white says nothing, orange speaks for it" }),
    element("span", { class: "muted" }, "for the class"),
  );
}
