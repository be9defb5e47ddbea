import { createCallBounds } from '../../../core/traffic/call-bounds.ts'
import { createGcra } from '../../../core/traffic/gcra.ts'
import type { Clock } from '../../../ports/clock.ts'
import { HansaError } from '../../../schema/errors.ts'
import type { DataSettings } from './settings.ts'

/** Principals whose discovery quota is remembered; more than the members of a large domain. */
const MAX_PRINCIPALS = 10_000

export interface CallAdmission {
  /** Counts a call of `principal` in; call the result once it has ended. Throws TOO_MANY_CALLS, or OVERLOADED when the gateway is full. */
  call(principal: string): () => void
  /** Counts a discovery request. Throws RATE_LIMITED with the time to wait. */
  discovery(principal: string): void
  /** Calls open now. */
  readonly open: number
}

/** Who may begin how much, by principal: nothing is decoded for those above their bounds. */
export function createCallAdmission(deps: { readonly clock: Clock; readonly settings: DataSettings }): CallAdmission {
  const { callsPerPrincipal, calls, discovery } = deps.settings
  const bounds = createCallBounds({ perKey: callsPerPrincipal, total: calls })
  const quota = createGcra({ ...discovery, maxKeys: MAX_PRINCIPALS })
  return {
    call(principal) {
      const reached = bounds.enter(principal)
      if (reached === 'key') throw new HansaError('TOO_MANY_CALLS', `${principal} has ${callsPerPrincipal} calls open already`, { bound: callsPerPrincipal })
      if (reached === 'total') throw new HansaError('OVERLOADED', `the gateway has ${calls} calls open already`, { bound: calls })
      let left = false
      return () => {
        if (left) return
        left = true
        bounds.leave(principal)
      }
    },
    discovery(principal) {
      const verdict = quota.take(principal, deps.clock.monotonic())
      if (!verdict.ok)
        throw new HansaError('RATE_LIMITED', `more than ${discovery.limit} discovery requests in ${discovery.periodMs / 1000} s`, {
          retryAfterMs: verdict.retryAfterMs
        })
    },
    get open() {
      return bounds.open
    }
  }
}
