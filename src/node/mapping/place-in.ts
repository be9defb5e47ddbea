import { type Document, isMap, isNode, isPair } from 'yaml'

/** Where in a YAML document a key stands, or the nearest thing around it that is there: an offset. */
export function placeIn(document: Document, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent: unknown = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true)
    const key = path[length - 1]
    const pair = isMap(parent) ? parent.items.find((item) => isPair(item) && String(item.key) === String(key)) : undefined
    const node: unknown = pair?.key ?? document.getIn(path.slice(0, length), true)
    if (isNode(node)) return node.range?.[0] ?? 0
  }
  return 0
}
