import type { TaskGraph } from '../../schema/generated/hansa/v1/task_pb.ts'
import { GraphIndex } from './graph-index.ts'

/** IDs of steps that wait for each other in a circle, each for the next; undefined: there is none. Linear, without recursion. */
export function findCycle(graph: TaskGraph): string[] | undefined {
  const { needs, waiters } = new GraphIndex(graph)
  const open = needs.map(({ length }) => length)
  const free = open.flatMap((count, place) => (count === 0 ? [place] : []))
  for (let next = free.pop(); next !== undefined; next = free.pop())
    for (const { step } of waiters[next] ?? []) {
      open[step] = (open[step] ?? 0) - 1
      if (open[step] === 0) free.push(step)
    }
  // What is left waits for something that is left: going from need to need comes round.
  let at = open.findIndex((count) => count > 0)
  if (at < 0) return undefined
  const path: number[] = []
  const seen = new Map<number, number>()
  while (!seen.has(at)) {
    seen.set(at, path.push(at) - 1)
    at = needs[at]?.find(({ step }) => (open[step] ?? 0) > 0)?.step ?? at
  }
  return path.slice(seen.get(at)).map((place) => graph.steps[place]?.id ?? '')
}
