import { formatHandle } from '../../../../core/ids/agent-id.ts'
import { HansaError } from '../../../../schema/errors.ts'
import type { RoutingView } from '../../routing-view.ts'
import { place, type PlaceDeps } from '../inbox/place.ts'
import type { Stage } from '../relay-call.ts'

/** Most gateways that a header may ask to pass. A network constant (gateway.proto). */
export const MAX_HOPS = 16

/** Where next? Refuses calls that go in circles or too far (draft 3.4.4). */
export function resolve(deps: { readonly routes: RoutingView; readonly hopLimit: number } & Omit<PlaceDeps, 'routes'>): Stage {
  // Calls that are here now, by first gateway and call ID: a loop shows even when somebody on it rewrites the path.
  const present = new Set<string>()
  return {
    name: 'resolve',
    async run(call) {
      const { header, self } = call
      const relayed = call.entry.kind === 'gateway'
      if (relayed && (header.path.length > MAX_HOPS || header.hopLimit < 1 || header.hopLimit > MAX_HOPS))
        throw new HansaError('MALFORMED', `a path of ${header.path.length} gateways and ${header.hopLimit} to go; at most ${MAX_HOPS} are allowed`)
      const passed = relayed ? header.path : []
      if (passed.includes(self.spiffeId)) throw new HansaError('LOOP', `the call has passed ${self.spiffeId} before`)
      const key = `${passed[0] ?? self.spiffeId} ${call.callId}`
      if (present.has(key)) throw new HansaError('LOOP', `the call is at ${self.spiffeId} already`)
      present.add(key)
      call.onEnd.push(() => present.delete(key))
      call.path = [...passed, self.spiffeId]
      // A caller may ask for fewer gateways than the setting, never for more.
      const granted = relayed ? header.hopLimit : Math.min(header.hopLimit || deps.hopLimit, deps.hopLimit)
      call.hopLimit = granted - 1
      call.next = call.header.inbox === undefined ? deps.routes.nextHop(formatHandle(call.target), call.path) : await place(deps, call)
      if (call.next?.kind === 'gateway' && call.hopLimit < 1)
        throw new HansaError('HOP_LIMIT', `the agent is further than ${call.path.length} gateways away`, { bound: call.path.length })
    }
  }
}
