import type { Role } from '../../core/ids/role.ts'
import { createCallBounds } from '../../core/traffic/call-bounds.ts'
import { createGcra, type GcraSettings } from '../../core/traffic/gcra.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Admission, Caller } from '../../ports/rpc.ts'
import { HansaError } from '../../schema/errors.ts'
import type { QuotaClass } from '../../wire/methods.ts'

/** Requests of one caller in one class: `limit` per `periodMs` in the long run, `burst` at once after a rest. */
export type Limit = Omit<GcraSettings, 'maxKeys'>
export type Limits = Readonly<Record<QuotaClass, Limit>>

const MINUTE = 60_000

/** Per caller. Discovery is the one that costs others work; a gateway asks for all of its agents (`INFRASTRUCTURE`). */
export const DEFAULT_LIMITS: Limits = {
  enrol: { limit: 60, periodMs: MINUTE, burst: 30 },
  discovery: { limit: 60, periodMs: MINUTE, burst: 60 },
  registration: { limit: 120, periodMs: MINUTE, burst: 60 },
  status: { limit: 1200, periodMs: MINUTE, burst: 200 },
  call: { limit: 60_000, periodMs: MINUTE, burst: 2000 },
  infrastructure: { limit: 12_000, periodMs: MINUTE, burst: 2000 }
}

/** Nodes that speak for many callers get this many times the limit. */
const INFRASTRUCTURE = 100
const INFRASTRUCTURE_ROLES: readonly Role[] = ['aca', 'ars', 'agw']
/** PeerIds cost nothing, so strangers together have a limit too: this many times that of one. */
const ALL_STRANGERS = 10
/** Callers remembered per class: more than the peers of a busy node. */
const MAX_KEYS = 10_000

export interface AdmissionSettings {
  readonly limits: Limits
  /** Calls that one caller may have open at a time; gateways and servers ten times as many. */
  readonly maxCallsPerCaller: number
  /** Calls open at a time in all. */
  readonly maxCalls: number
}

export const DEFAULT_ADMISSION: AdmissionSettings = { limits: DEFAULT_LIMITS, maxCallsPerCaller: 100, maxCalls: 10_000 }

/** Admits or refuses a call by who makes it, before anything of it is decoded. */
export function createAdmission(clock: Clock, settings: AdmissionSettings = DEFAULT_ADMISSION): Admission {
  const { limits } = settings
  const perCaller = gates(limits, 1)
  const perServer = gates(limits, INFRASTRUCTURE)
  const strangers = gates(limits, ALL_STRANGERS)
  const calls = createCallBounds({ perKey: settings.maxCallsPerCaller, total: settings.maxCalls })
  const serverCalls = createCallBounds({ perKey: settings.maxCallsPerCaller * 10, total: settings.maxCalls })

  return {
    admit(method, caller) {
      const server = isServer(caller)
      const key = caller.identity?.spiffeId ?? caller.peer
      const now = clock.monotonic()
      if (caller.identity === undefined) take(strangers[method.quota].take('', now), method.id)
      take((server ? perServer : perCaller)[method.quota].take(key, now), method.id)
      const bounds = server ? serverCalls : calls
      const reached = bounds.enter(key)
      if (reached === 'total') throw new HansaError('OVERLOADED', 'this node has as many open calls as it takes')
      if (reached === 'key') {
        const bound = settings.maxCallsPerCaller * (server ? 10 : 1)
        throw new HansaError('TOO_MANY_CALLS', `${bound} calls of this caller are open already`, { bound })
      }
      let left = false
      return () => {
        if (left) return
        left = true
        bounds.leave(key)
      }
    }
  }
}

function isServer(caller: Caller): boolean {
  return caller.identity?.roles.some((role) => INFRASTRUCTURE_ROLES.includes(role)) === true
}

function take(verdict: ReturnType<ReturnType<typeof createGcra>['take']>, method: string): void {
  if (!verdict.ok) throw new HansaError('RATE_LIMITED', `too many calls of ${method}`, { retryAfterMs: verdict.retryAfterMs })
}

function gates(limits: Limits, factor: number): Record<QuotaClass, ReturnType<typeof createGcra>> {
  const gate = ({ limit, periodMs, burst }: Limit) => createGcra({ limit: limit * factor, periodMs, burst: burst * factor, maxKeys: MAX_KEYS })
  return {
    enrol: gate(limits.enrol),
    discovery: gate(limits.discovery),
    registration: gate(limits.registration),
    status: gate(limits.status),
    call: gate(limits.call),
    infrastructure: gate(limits.infrastructure)
  }
}
