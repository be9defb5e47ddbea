import { join } from 'node:path'
import { mkdirSync } from 'node:fs'
import { openStore, type FileStore } from '../adapters/sqlite/store.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { createSigner, createVerify, sha256 } from '../adapters/system/crypto.ts'
import { createLog } from '../adapters/system/log.ts'
import { createMetrics, type PrometheusMetrics } from '../adapters/system/metrics.ts'
import type { Sha256, Verify } from '../core/crypto.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { Signer } from '../ports/signer.ts'
import type { HomeLock } from './home/home-lock.ts'
import type { Home } from './home/open-home.ts'

/** What a node stands on: this machine, seen through the ports. */
export interface Platform {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: PrometheusMetrics
  readonly signer: Signer
  readonly verify: Verify
  readonly sha256: Sha256
  readonly store: FileStore
  /** Directory of the databases. */
  readonly data: string
  /** Closes the store and gives the home free. */
  close(): void
}

/** Opens what every node needs of a home that is locked for it; gives the lock back when that fails. Throws STORE_FAILED. */
export function openPlatform(home: Home, lock: HomeLock): Platform {
  const { config } = home
  try {
    const data = home.resolve(config.data)
    mkdirSync(data, { recursive: true, mode: 0o700 })
    const store = openStore(join(data, 'node.db'))
    return {
      clock: systemClock,
      log: createLog(config.log),
      metrics: createMetrics(config.metrics),
      signer: createSigner(home.seed),
      verify: createVerify(),
      sha256,
      store,
      data,
      close() {
        store.close()
        lock.release()
      }
    }
  } catch (error) {
    lock.release()
    throw error
  }
}
