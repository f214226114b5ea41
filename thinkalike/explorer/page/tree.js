/** The tree of models: where its leaves and branches lie, and which models are under a branch. */

/**
 * A merge of a tree, drawn as three lines: from each child up to its height, and across.
 *
 * @typedef {object} Branch
 * @property {number} merge index into `Tree.merges`
 * @property {number} height
 * @property {number} place of the middle, in leaves: 0 is the first leaf
 * @property {[{place: number, height: number}, {place: number, height: number}]} children
 * @property {number[]} leaves places in the case's `models`, in the order of the tree
 * @property {number | null} support
 */

/**
 * Places of leaves and branches of a tree.
 *
 * @param {import("./types.js").Tree} tree
 * @param {number[] | null} order places in the case's `models`, in the order of the tree; null: as the merges say
 * @returns {{order: number[], branches: Branch[]}}
 */
export function treeLayout(tree, order) {
  const under = leavesUnder(tree);
  const count = tree.merges.length + 1;
  const inside = new Set(under.slice(0, count).flat());
  const sorted = (order ?? under[under.length - 1]).filter((leaf) => inside.has(leaf));
  const placeOf = new Map(sorted.map((leaf, place) => [leaf, place]));
  const placed = (/** @type {number} */ leaf) => placeOf.get(leaf) ?? 0;
  const nodes = under.slice(0, count).map(([leaf]) => ({ place: placed(leaf), height: 0 }));
  const branches = tree.merges.map(([first, second, height], merge) => {
    const pair = [nodes[first], nodes[second]].sort((p, q) => p.place - q.place);
    const place = (pair[0].place + pair[1].place) / 2;
    nodes.push({ place, height });
    return {
      merge,
      height,
      place,
      children: /** @type {Branch["children"]} */ (pair),
      leaves: [...under[count + merge]].sort((p, q) => placed(p) - placed(q)),
      support: tree.support[merge] ?? null,
    };
  });
  return { order: sorted, branches };
}

/**
 * Leaves under every node of a tree, as places in the case's `models`: of the leaves themselves, then of the merges.
 *
 * @param {import("./types.js").Tree} tree
 * @returns {number[][]}
 */
export function leavesUnder(tree) {
  const under = Array.from({ length: tree.merges.length + 1 }, (_, leaf) => [tree.leaves?.[leaf] ?? leaf]);
  for (const [first, second] of tree.merges) under.push([...under[first], ...under[second]]);
  return under;
}

/**
 * Support of the branch that holds exactly these leaves: null where the tree has no such branch or does not say.
 *
 * @param {import("./types.js").Tree} tree
 * @param {number[]} leaves
 * @returns {{merge: number, support: number | null} | null} null where no branch has these leaves
 */
export function branchOf(tree, leaves) {
  const wanted = new Set(leaves);
  const under = leavesUnder(tree);
  for (let merge = 0; merge < tree.merges.length; merge += 1) {
    const own = under[tree.merges.length + 1 + merge];
    if (own.length === wanted.size && own.every((leaf) => wanted.has(leaf))) {
      return { merge, support: tree.support[merge] ?? null };
    }
  }
  return null;
}
