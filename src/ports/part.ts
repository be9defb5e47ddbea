/**
 * A plain part of a node: it says what it needs and how it is made. The node starts parts in order and stops them in reverse; when a start fails, it
 * stops what had started.
 */
export interface Part<Deps, Service extends Lifecycle> {
  readonly name: string
  create(deps: Deps): Service
}

export interface Lifecycle {
  start(): Promise<void>
  stop(): Promise<void>
}
