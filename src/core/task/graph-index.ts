import { NeedState, type TaskGraph, WorkState } from '../../schema/generated/hansa/v1/task_pb.ts'
import { dependenciesOf } from './dependencies.ts'

/** One end of an edge: the other step by its place in the graph, and how the earlier of the two must end. */
interface Edge {
  readonly step: number
  readonly on: NeedState
}

/** The edges of a graph that has been checked, both ways; made once, in linear time. */
export class GraphIndex {
  /** What each step waits for. */
  readonly needs: readonly (readonly Edge[])[]
  /** Who waits for each step. */
  readonly waiters: readonly (readonly Edge[])[]
  readonly #places: ReadonlyMap<string, number>

  constructor(graph: TaskGraph) {
    const places = new Map(graph.steps.map(({ id }, place) => [id, place]))
    const waiters: Edge[][] = graph.steps.map(() => [])
    this.needs = graph.steps.map((step, place) => {
      const edges: Edge[] = []
      for (const [id, on] of dependenciesOf(step)) {
        const other = places.get(id)
        if (other === undefined) continue
        edges.push({ step: other, on })
        waiters[other]?.push({ step: place, on })
      }
      return edges
    })
    this.waiters = waiters
    this.#places = places
  }

  /** Place of a step in the graph. */
  place(id: string): number | undefined {
    return this.#places.get(id)
  }
}

/** True when a step that ended so is what the need wants. */
export function satisfies(state: WorkState, on: NeedState): boolean {
  if (on === NeedState.ENDED) return true
  return state === (on === NeedState.FAILED ? WorkState.FAILED : WorkState.COMPLETED)
}
