/** A link as one end names it. */
export interface NamedLink {
  /** SPIFFE ID of the other end. */
  readonly to: string
  readonly cost: number
}

/** How one gateway is reached. */
export interface Path {
  readonly to: string
  /** First gateway on the way: a neighbour. */
  readonly via: string
  readonly cost: number
  /** Links on the way, 1 for a neighbour. */
  readonly hops: number
}

interface Visit {
  readonly id: string
  readonly via: string
  readonly cost: number
  readonly hops: number
}

/**
 * The graph of gateways. A link counts only when both ends name it, so that nobody can draw a link to a gateway that does not want it; its cost is the
 * larger of the two.
 */
export class LinkGraph {
  readonly #links = new Map<string, ReadonlyMap<string, number>>()

  /** Replaces what `origin` says of its own links. */
  set(origin: string, links: readonly NamedLink[]): void {
    this.#links.set(origin, new Map(links.filter((link) => link.to !== origin).map((link) => [link.to, Math.max(1, link.cost)])))
  }

  delete(origin: string): void {
    this.#links.delete(origin)
  }

  /** Cost of the link between two gateways, when both name it. */
  cost(a: string, b: string): number | undefined {
    const there = this.#links.get(a)?.get(b)
    const back = this.#links.get(b)?.get(a)
    return there === undefined || back === undefined ? undefined : Math.max(there, back)
  }

  /**
   * Shortest paths from `self` to every gateway that can be reached without passing one of `avoid`. Ties are broken by fewer links, then by the
   * smaller name of the first gateway, then of the gateway itself, so that everybody who has the same links computes the same paths.
   */
  paths(self: string, avoid: ReadonlySet<string> = new Set()): Map<string, Path> {
    const done = new Map<string, Path>()
    const open = new Map<string, Visit>([[self, { id: self, via: '', cost: 0, hops: 0 }]])
    while (open.size > 0) {
      const visit = least(open.values())
      open.delete(visit.id)
      if (visit.id !== self) done.set(visit.id, { to: visit.id, via: visit.via, cost: visit.cost, hops: visit.hops })
      for (const to of this.#links.get(visit.id)?.keys() ?? []) {
        if (to === self || done.has(to) || avoid.has(to)) continue
        const cost = this.cost(visit.id, to)
        if (cost === undefined) continue
        const next: Visit = { id: to, via: visit.via === '' ? to : visit.via, cost: visit.cost + cost, hops: visit.hops + 1 }
        const known = open.get(to)
        if (known === undefined || before(next, known)) open.set(to, next)
      }
    }
    return done
  }
}

function least(visits: Iterable<Visit>): Visit {
  let best: Visit | undefined
  for (const visit of visits) if (best === undefined || before(visit, best)) best = visit
  if (best === undefined) throw new TypeError('nothing to visit')
  return best
}

function before(a: Visit, b: Visit): boolean {
  if (a.cost !== b.cost) return a.cost < b.cost
  if (a.hops !== b.hops) return a.hops < b.hops
  return a.via !== b.via ? a.via < b.via : a.id < b.id
}
