/**
 * A study as its page holds it: contents, and blocks of numbers and pictures that are decoded when they are looked at.
 */

import { bestCase } from "./cases.js";
import { Recent } from "./recent.js";

/** @typedef {import("./types.js").Contents} Contents */
/** @typedef {import("./types.js").Block} Block */
/** @typedef {import("./types.js").Case} Case */

const NUMBERS = { int8: Int8Array, uint8: Uint8Array, int16: Int16Array, uint16: Uint16Array, float32: Float32Array };
const MISSING = { int8: -128, int16: -32768 };
/** Most numbers and pictures that are kept decoded. */
const MOST_NUMBERS = 16e6;
const MOST_PICTURES = 600;

/**
 * Bytes of a text in base64.
 *
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>}
 */
function decodeBase64(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

/**
 * Bytes of a raw deflate stream, decompressed.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Promise<ArrayBuffer>}
 */
async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Response(stream).arrayBuffer();
}

export class Study {
  /**
   * @param {Contents} contents
   * @param {(name: string) => string | null} text text of a block
   */
  constructor(contents, text) {
    this.contents = contents;
    this.models = contents.models;
    this.text = text;
    this.places = new Map(contents.models.map((model, i) => [model.key, i]));
    this.numbers = new Recent(MOST_NUMBERS);
    this.pictures = new Recent(MOST_PICTURES, (url) => URL.revokeObjectURL(url));
    /** @type {WeakMap<Case, Map<number, number>>} */
    this.pairRows = new WeakMap();
  }

  /**
   * The study that a document holds. The document may come from a parser: nothing in it is run.
   *
   * @param {Document} page
   * @param {string} [prefix] of the ids: "other-" of the second study of a page
   * @returns {Study}
   */
  static fromDocument(page, prefix = "") {
    const contents = page.getElementById(`${prefix}contents`)?.textContent;
    if (!contents) throw new Error("This file is no explorer page of thinkalike; choose the explorer.html of a study.");
    const parsed = JSON.parse(contents);
    if (parsed.format !== 1) {
      throw new Error(`This page has the format ${parsed.format}, and format 1 can be read here; build it again with this version.`);
    }
    /** @type {Map<string, string | null>} */
    const texts = new Map();
    return new Study(parsed, (name) => {
      if (!texts.has(name)) texts.set(name, page.getElementById(`${prefix}block-${name}`)?.textContent ?? null);
      return texts.get(name) ?? null;
    });
  }

  /**
   * The study in an explorer page that a reader chose.
   *
   * @param {File} file
   * @returns {Promise<Study>}
   */
  static async fromFile(file) {
    return Study.fromDocument(new DOMParser().parseFromString(await file.text(), "text/html"));
  }

  /**
   * @param {string} name
   * @returns {Block}
   */
  block(name) {
    const block = Object.hasOwn(this.contents.blocks, name) ? this.contents.blocks[name] : null;
    if (!block) throw new Error(`The page has no block ${name}.`);
    return block;
  }

  /**
   * @param {string} name
   * @param {number} piece
   * @returns {Uint8Array<ArrayBuffer>}
   */
  bytes(name, piece) {
    const text = this.text(name);
    if (text === null) throw new Error(`The page has no text of the block ${name}.`);
    const [offset, length] = this.block(name).pieces[piece];
    return decodeBase64(text.slice(offset, offset + length));
  }

  /**
   * Numbers of one piece of a block: codes × scale, NaN where missing.
   *
   * @param {string} name
   * @param {number} piece
   * @returns {Promise<Float32Array>}
   */
  piece(name, piece) {
    const key = `${name}:${piece}`;
    const known = this.numbers.get(key);
    if (known) return known;
    const block = this.block(name);
    const values = this.decodePiece(name, piece);
    this.numbers.set(key, values, block.rowsPerPiece * block.shape[1]);
    return values;
  }

  /**
   * @param {string} name
   * @param {number} piece
   * @returns {Promise<Float32Array>}
   */
  async decodePiece(name, piece) {
    const block = this.block(name);
    if (block.kind === "files") throw new Error(`The block ${name} holds files, not numbers.`);
    const codes = new NUMBERS[block.kind](await inflate(this.bytes(name, piece)));
    const columns = block.shape[1];
    const missing = block.kind === "int8" || block.kind === "int16" ? MISSING[block.kind] : NaN;
    const first = piece * block.rowsPerPiece;
    const count = Math.floor(codes.length / Math.max(columns, 1));
    const scales = typeof block.scale === "string" ? await this.rows(block.scale, first, first + count) : null;
    const scale = typeof block.scale === "number" ? block.scale : 1;
    const values = new Float32Array(codes.length);
    for (let r = 0; r < count; r++) {
      const factor = scales ? scales[r] : scale;
      for (let i = r * columns; i < (r + 1) * columns; i++) values[i] = codes[i] === missing ? NaN : codes[i] * factor;
    }
    return values;
  }

  /**
   * Rows `from` to `to` (without it) of a block of numbers, one after the other; NaN where missing.
   *
   * @param {string} name
   * @param {number} from
   * @param {number} to
   * @returns {Promise<Float32Array>}
   */
  async rows(name, from, to) {
    const { shape, rowsPerPiece } = this.block(name);
    const columns = shape[1];
    const end = Math.min(to, shape[0]);
    const start = Math.max(0, from);
    const values = new Float32Array(Math.max(0, end - start) * columns);
    for (let row = start; row < end; ) {
      const piece = Math.floor(row / rowsPerPiece);
      const stop = Math.min(end, (piece + 1) * rowsPerPiece);
      const numbers = await this.piece(name, piece);
      const offset = piece * rowsPerPiece;
      values.set(numbers.subarray((row - offset) * columns, (stop - offset) * columns), (row - start) * columns);
      row = stop;
    }
    return values;
  }

  /**
   * Address of a picture, for an `img`.
   *
   * @param {string} collection key
   * @param {number} image index
   * @returns {string}
   */
  pictureUrl(collection, image) {
    const name = this.collection(collection).pictures;
    const key = `${name}:${image}`;
    const known = this.pictures.get(key);
    if (known) return known;
    const url = URL.createObjectURL(new Blob([this.bytes(name, image)], { type: this.block(name).media ?? "image/png" }));
    this.pictures.set(key, url, 1);
    return url;
  }

  /**
   * A picture, decoded, for a canvas.
   *
   * @param {string} collection key
   * @param {number} image index
   * @returns {Promise<ImageBitmap>}
   */
  picture(collection, image) {
    const name = this.collection(collection).pictures;
    return createImageBitmap(new Blob([this.bytes(name, image)], { type: this.block(name).media ?? "image/png" }));
  }

  /**
   * Superpixel of each pixel of an image, row by row (`segmentSize`); null where the collection has none.
   *
   * @param {string} collection key
   * @param {number} image index
   * @returns {Promise<Float32Array | null>}
   */
  async segments(collection, image) {
    const { segments } = this.collection(collection);
    return segments === null ? null : this.rows(segments, image, image + 1);
  }

  /**
   * The numbers of a map in its basis; null where the page has no such map.
   *
   * @param {string} collection key
   * @param {string} method key
   * @param {string} model key
   * @param {number} image index
   * @returns {Promise<Float32Array | null>}
   */
  async map(collection, method, model, image) {
    const name = this.collection(collection).maps[method]?.[model];
    if (name === undefined || image >= this.block(name).shape[0]) return null;
    return this.rows(name, image, image + 1);
  }

  /**
   * @param {string} method key
   * @param {string} model key
   * @returns {import("./types.js").Basis | null}
   */
  basis(method, model) {
    return this.method(method)?.bases[this.place(model)] ?? null;
  }

  /**
   * What a model predicts of an image; null where it is not known.
   *
   * @param {string} collection key
   * @param {string} model key
   * @param {number} image index
   * @returns {{index: number, name: string, probability: number, truth: number | null, right: boolean} | null}
   */
  prediction(collection, model, image) {
    const { predictions, classes } = this.collection(collection);
    const predicted = Object.hasOwn(predictions, model) ? predictions[model] : null;
    if (!predicted || predicted.classes[image] === undefined) return null;
    const index = predicted.classes[image];
    return {
      index,
      name: this.contents.classes[index],
      probability: predicted.probabilities[image],
      truth: predicted.truth[image] ?? null,
      right: index === classes[image],
    };
  }

  /**
   * Index of the model with this key, −1 where there is none.
   *
   * @param {string | undefined} key
   * @returns {number}
   */
  place(key) {
    return this.places.get(key ?? "") ?? -1;
  }

  /**
   * @param {string | undefined} key
   * @returns {import("./types.js").Method | null}
   */
  method(key) {
    return this.contents.methods.find((method) => method.key === key) ?? null;
  }

  /**
   * @param {string} key of a family
   * @returns {import("./types.js").Family | null}
   */
  family(key) {
    return this.contents.families.find((family) => family.key === key) ?? null;
  }

  /**
   * @param {string} key
   * @returns {import("./types.js").Collection}
   */
  collection(key) {
    const collection = this.contents.collections.find((entry) => entry.key === key);
    if (!collection) throw new Error(`The page has no images "${key}".`);
    return collection;
  }

  /**
   * @param {Record<string, string>} state
   * @returns {Case | null} as of `bestCase`
   */
  caseOf(state) {
    return bestCase(this.contents.cases, state);
  }

  /**
   * Row of a pair in the pairs of a case, −1 where there is none.
   *
   * @param {Case} entry
   * @param {number} a index of a model
   * @param {number} b
   * @returns {number}
   */
  pairRow(entry, a, b) {
    const count = this.models.length;
    let rows = this.pairRows.get(entry);
    if (!rows) {
      rows = new Map();
      const { pairs } = entry;
      for (let row = 0; row < pairs.a.length; row++) {
        rows.set(pairs.a[row] * count + pairs.b[row], row);
        rows.set(pairs.b[row] * count + pairs.a[row], row);
      }
      this.pairRows.set(entry, rows);
    }
    return rows.get(a * count + b) ?? -1;
  }

  /**
   * A column of the pairs as a symmetric matrix, row by row, in the order of the case's models; NaN on the diagonal and
   * where missing.
   *
   * @param {Case} entry
   * @param {"n" | "mean" | "chance" | "rho" | "low" | "high" | "dissimilarity"} column
   * @returns {Float64Array}
   */
  matrix(entry, column) {
    const size = entry.models.length;
    const matrix = new Float64Array(size * size).fill(NaN);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < i; j++) {
        const row = this.pairRow(entry, entry.models[i], entry.models[j]);
        const value = row < 0 ? null : entry.pairs[column][row];
        matrix[i * size + j] = matrix[j * size + i] = value ?? NaN;
      }
    }
    return matrix;
  }
}
