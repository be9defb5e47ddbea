import type { Clock } from '../../ports/clock.ts'
import { type BrokerConnection, type BrokerCredentials, connectBroker } from './broker-connection.ts'

/** One connection to each broker, made when it is needed and closed when it has not been for a while. */
export interface BrokerPool {
  /** Throws AGENT_UNREACHABLE. */
  get(broker: string): Promise<BrokerConnection>
  readonly size: number
  close(): Promise<void>
}

/** Longer than the pauses in a conversation. */
const IDLE_MS = 60_000

export function createBrokerPool(clock: Clock, credentialsFor: (broker: string) => BrokerCredentials): BrokerPool {
  const connections = new Map<string, { readonly ready: Promise<BrokerConnection>; used: number }>()

  function drop(broker: string, ready: Promise<BrokerConnection>): void {
    if (connections.get(broker)?.ready === ready) connections.delete(broker)
  }

  const stop = clock.every(IDLE_MS / 2, () => {
    for (const [broker, entry] of connections) {
      if (clock.monotonic() - entry.used < IDLE_MS) continue
      void entry.ready.then(
        (connection) => {
          if (connection.busy || clock.monotonic() - entry.used < IDLE_MS) return
          drop(broker, entry.ready)
          return connection.close()
        },
        () => undefined
      )
    }
  })

  return {
    async get(broker) {
      const known = connections.get(broker)
      if (known !== undefined) {
        known.used = clock.monotonic()
        return known.ready
      }
      const ready: Promise<BrokerConnection> = connectBroker(broker, clock, credentialsFor(broker), () => drop(broker, ready))
      connections.set(broker, { ready, used: clock.monotonic() })
      ready.catch(() => drop(broker, ready))
      return ready
    },
    get size() {
      return connections.size
    },
    async close() {
      stop()
      const open = [...connections.values()]
      connections.clear()
      await Promise.all(
        open.map(({ ready }) =>
          ready.then(
            (connection) => connection.close(),
            () => undefined
          )
        )
      )
    }
  }
}
