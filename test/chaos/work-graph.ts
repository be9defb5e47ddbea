import type { JsonObject } from '@bufbuild/protobuf'

/** A workflow whose steps add up what the steps before them gave. */
export interface WorkGraph {
  readonly goal: JsonObject
  /** What the last step gives when every step was done right. */
  readonly total: number
}

/** Any graph of `size` steps without cycles: each step takes up to three of the ten before it. The last one takes all that nobody took. */
export function workGraph(name: string, size: number, random: () => number): WorkGraph {
  const values: number[] = []
  const unread = new Set<number>()
  const steps: JsonObject = {}
  for (let index = 0; index < size; index++) {
    const sources = index === size - 1 ? [...unread] : draw(index, random)
    for (const source of sources) unread.delete(source)
    unread.add(index)
    values.push(sources.reduce((sum, source) => sum + (values[source] ?? 0), 1))
    const inputs = Object.fromEntries(sources.map((source) => [`from-${source}`, `steps.s${source}.data.value`]))
    steps[`s${index}`] = { capability: 'chaos/work', text: 'add up', inputs, outputs: ['value'], attempts: 8, backoff: '50ms' }
  }
  return { goal: { name, steps, results: { total: `steps.s${size - 1}.data.value` } }, total: values.at(-1) ?? 0 }
}

function draw(index: number, random: () => number): number[] {
  const from = Math.max(0, index - 10)
  const wanted = Math.min(index, Math.floor(random() * 3) + 1)
  const sources = new Set<number>()
  while (sources.size < wanted) sources.add(from + Math.floor(random() * (index - from)))
  return [...sources]
}
