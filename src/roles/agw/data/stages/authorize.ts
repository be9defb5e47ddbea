import type { AccessPolicy } from '../../../../core/access/access-policy.ts'
import { formatHandle } from '../../../../core/ids/agent-id.ts'
import { parseSpiffeId } from '../../../../core/ids/spiffe-id.ts'
import type { Identities } from '../../../../ports/identity.ts'
import { HansaError } from '../../../../schema/errors.ts'
import type { RoutingView } from '../../routing-view.ts'
import type { Stage } from '../relay-call.ts'

/** May this principal reach this agent through this gateway? `offered`: what an agent offered when it was last here, for one that no gateway advertises. */
export function authorize(deps: {
  readonly policy: AccessPolicy
  readonly identities: Identities
  readonly routes: RoutingView
  readonly offered?: (handle: string) => readonly string[]
}): Stage {
  return {
    name: 'authorize',
    run({ principal, target }) {
      const handle = formatHandle(target)
      const refusal = deps.policy.review({
        caller: parseSpiffeId(principal).domain,
        target,
        capabilities: () => deps.routes.reachable().find(({ advert }) => advert.handle === handle)?.advert.capabilities ?? deps.offered?.(handle) ?? [],
        listed: deps.identities.domains()
      })
      if (refusal !== undefined) throw new HansaError(refusal.code, refusal.message, { domain: refusal.domain })
    }
  }
}
