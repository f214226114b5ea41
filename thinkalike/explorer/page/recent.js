/** Values that are kept while they are looked at: what was decoded need not be decoded again. */

/** A store of the values looked at last, up to a total weight. */
export class Recent {
  /**
   * @param {number} most weight of what is kept
   * @param {(value: any) => void} [drop] called with what is let go
   */
  constructor(most, drop = () => {}) {
    this.most = most;
    this.drop = drop;
    this.weight = 0;
    /** @type {Map<string, {value: any, weight: number}>} */
    this.entries = new Map();
  }

  /**
   * @param {string} key
   * @returns {any} the value, undefined where there is none
   */
  get(key) {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  /**
   * @param {string} key
   * @param {any} value
   * @param {number} weight
   */
  set(key, value, weight) {
    this.entries.set(key, { value, weight });
    this.weight += weight;
    for (const [oldest, entry] of this.entries) {
      if (this.weight <= this.most || oldest === key) break;
      this.entries.delete(oldest);
      this.weight -= entry.weight;
      this.drop(entry.value);
    }
  }
}
