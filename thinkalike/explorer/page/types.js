/**
 * What a page knows of a study: the contents that `thinkalike.explorer` writes into the page.
 *
 * The page holds one JSON text, `<script type="application/json" id="contents">`, which is a `Contents`, and one element
 * `<script type="text/plain" id="block-NAME">` for each entry of `Contents.blocks`. Large arrays and pictures stand in
 * blocks and are decoded when they are looked at. Nothing is fetched.
 *
 * "Index" means a place in `models`, `methods` or the images of a collection, from 0.
 */

/**
 * A block of numbers or files. Its element's text is a row of pieces in base64, one after the other; each piece is
 * padded by itself. A piece of numbers is the raw deflate stream of `rowsPerPiece` rows (the last may have fewer) of
 * `shape[1]` little-endian numbers each; a piece of files is one encoded picture, as it is.
 *
 * The number of a row r is code × scale: `scale` is one number for all, or the name of a block of float32 (rows × 1)
 * with one for each row. The smallest code of a signed type (−128, −32768) means missing.
 *
 * @typedef {object} Block
 * @property {"int8" | "uint8" | "int16" | "uint16" | "float32" | "files"} kind
 * @property {[number, number]} shape rows and columns; of files: pictures and 1
 * @property {number} rowsPerPiece
 * @property {[number, number][]} pieces offset and length of each piece in the element's text, in characters
 * @property {number | string} [scale] 1 by default
 * @property {string} [media] of files: "image/png" or "image/webp"
 */

/**
 * @typedef {object} Model
 * @property {string} key
 * @property {string} name for readers
 * @property {string} family key of a `Family`; "" where there is none
 * @property {string} architecture key of the first model of its architecture: seeds of one network share it
 * @property {boolean} control untrained or disturbed: should share nothing, or nearly all
 * @property {boolean} replica a further seed, which stands in no matrix
 * @property {number | null} accuracy share of the study's images that it predicts rightly
 */

/**
 * @typedef {object} Family
 * @property {string} key
 * @property {string} title
 * @property {string} colour as in all figures, "#0072B2"
 * @property {string} symbol of Vega: "circle", "square", "diamond", …
 */

/**
 * How the numbers of a map lie on the picture.
 *
 * @typedef {object} Basis
 * @property {"grid" | "cells" | "segments"} kind grid: bilinear between the centres of the cells, as Grad-CAM is upsampled;
 *   cells: constant on each cell (pixel maps come as cells); segments: constant on each superpixel of the image
 * @property {number} rows of grid and cells
 * @property {number} columns
 */

/**
 * @typedef {object} Method
 * @property {string} key
 * @property {string} title
 * @property {boolean} signed whether maps have both signs
 * @property {boolean} maps whether there are maps to draw; false of answers to coalitions
 * @property {string} compared the scale of comparison in words, "8 × 8 cells", "superpixels", "as computed"
 * @property {(Basis | null)[]} bases of each model's maps; null where a model has none
 */

/**
 * Images with the maps of models: those of the study, or those of one class that were clustered.
 *
 * @typedef {object} Collection
 * @property {string} key "study", "class"
 * @property {string} title
 * @property {string[]} ids
 * @property {number[]} classes index into `Contents.classes`
 * @property {string[]} captions of each image, file name or number
 * @property {string} pictures block of files
 * @property {string | null} segments block uint8 or uint16, one row of height × width labels for each image
 * @property {[number, number]} segmentSize height and width of these labels
 * @property {Record<string, Record<string, string>>} maps method key → model key → block, one row for each image
 *   (maybe of the first images only); scale: one number for each image
 * @property {Record<string, Predictions>} predictions model key → its predictions
 */

/**
 * @typedef {object} Predictions
 * @property {number[]} classes index into `Contents.classes`, of each image
 * @property {number[]} probabilities of the predicted class
 * @property {(number | null)[]} truth probability of the image's class, where it is known
 */

/**
 * One comparison of all models: by a method and a metric, at a scale, over a subset of the images.
 *
 * @typedef {object} Case
 * @property {string} method
 * @property {string} metric
 * @property {string} scale key of a scale, "compared" for the study's scale of comparison, else as in "8_x_8_cells"
 * @property {string} scaleTitle
 * @property {string} subset
 * @property {string} subsetTitle
 * @property {number[]} models indices, in the order of the matrix
 * @property {Pairs} pairs of these and, where `seed` says so, of further seeds
 * @property {number[] | null} order places in `models`, in the order of the tree
 * @property {Tree | null} tree
 * @property {Record<string, [number, number][]>} embeddings "pca", "mds" → a point for each entry of `models`
 * @property {number[] | null} communities of each entry of `models`
 * @property {PerImage | null} perImage of the scale "compared"
 */

/**
 * Pairs of models, column by column; null is missing.
 *
 * @typedef {object} Pairs
 * @property {number[]} a index of a model
 * @property {number[]} b
 * @property {string[]} category "seeds", "same family", "different families", "control"
 * @property {boolean[]} seed whether the pair has a further seed (a replica), and stands in no matrix
 * @property {(number | null)[]} n images that count
 * @property {(number | null)[]} mean similarity of maps of the same image
 * @property {(number | null)[]} chance similarity of maps of different images
 * @property {(number | null)[]} rho similarity above chance
 * @property {(number | null)[]} low of its 95 % interval
 * @property {(number | null)[]} high
 * @property {(number | null)[]} dissimilarity
 * @property {(number | null)[]} dissimilarityLow
 * @property {(number | null)[]} dissimilarityHigh
 * @property {(number | null)[]} notConverged maps of the pair that did not converge
 */

/**
 * @typedef {object} Tree
 * @property {string} linkage "average", …
 * @property {number[]} [leaves] place in the case's `models` of each leaf; by default leaf i is model i
 * @property {[number, number, number, number][]} merges as scipy has them: two places (leaves, then merges), height, leaves
 * @property {(number | null)[]} support share of resampled sets of images in which the branch of each merge is found again
 */

/**
 * Similarity image by image of all pairs of `pairs` (in their order; rows of the blocks).
 *
 * @typedef {object} PerImage
 * @property {string} collection "study"
 * @property {number} images the first so many
 * @property {string} values block int16, pairs × images
 * @property {string | null} influence block int8, pairs × images, a scale for each pair: the image's pseudo-value less ρ; their mean is 0
 * @property {string | null} nulls block uint16, pairs × bins: how often maps of different images are so similar
 * @property {[number, number]} nullRange of the bins, which are equally wide
 */

/**
 * @typedef {object} Sentence
 * @property {string} topic
 * @property {string} text
 * @property {string} link fragment of the view that shows it, "view=matrix&method=lrp"; "" where none does
 */

/**
 * A clustering of images: of their maps (spectral), or of a model's features (NEON).
 *
 * @typedef {object} Clustering
 * @property {string} key "spectral/vit", "neon/resnet"
 * @property {string} title
 * @property {"spectral" | "neon"} kind
 * @property {string} collection
 * @property {string | null} maps key of the method whose maps show a cluster; null: `clusterMaps`
 * @property {Results[]} results of spectral clustering up to twelve, of NEON one
 * @property {number} telling index of the result that is shown first
 * @property {number[]} images index of each point's image in the collection
 * @property {string[]} models key of each point's model
 * @property {string | null} clusterMaps block of maps of the evidence for a cluster, by NEON: a row for each of `mapped`
 * @property {Basis | null} clusterBasis
 * @property {number[]} mapped points that have such a map
 */

/**
 * @typedef {object} Results
 * @property {string} key "full/random_walk"
 * @property {string} title
 * @property {string} says one sentence: is it more than one cloud, how stable is it
 * @property {boolean} [beyond] of spectral clustering: whether it is more than cuts of a single cloud
 * @property {number} [stability] adjusted Rand index with the clusters of other samples
 * @property {(number | null)[]} x of each point
 * @property {(number | null)[]} y
 * @property {(number | null)[]} labels cluster of each point, from 0; null: in none
 * @property {{label: number, title: string, size: number, known: Record<string, string | number>, nearest: number[]}[]} clusters
 *   nearest: points next to the centre, the nearest first
 */

/**
 * @typedef {object} Contents
 * @property {1} format
 * @property {string} study
 * @property {string} title one sentence: what was compared on what
 * @property {string} software "thinkalike 0.1.0"
 * @property {[number, number]} frame height and width of the images that maps refer to, pixels
 * @property {string} dissimilarity "chord" or "rms"
 * @property {string} correction "chance" or "none"
 * @property {number | null} unrelated dissimilarity of what chance gives: √2 for chords of ρ
 * @property {Model[]} models
 * @property {Family[]} families
 * @property {Method[]} methods
 * @property {string[]} classes names
 * @property {Collection[]} collections the first is the study's
 * @property {Case[]} cases
 * @property {Sentence[]} verdict
 * @property {Clustering[]} clusterings
 * @property {Record<string, Block>} blocks
 */

export {};
