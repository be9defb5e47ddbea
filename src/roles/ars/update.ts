import type { UnaryHandler } from '../../ports/rpc.ts'
import type { methods } from '../../wire/methods.ts'
import { callerOf } from './caller.ts'
import type { ArsDeps } from './deps.ts'
import { enter } from './register.ts'
import { notRegistered, type Registry, signedRecordOf } from './registry.ts'

/** Information update (draft 3.2.2): as a registration, but of an agent that is registered; throws AGENT_NOT_FOUND when it is not. */
export function update(deps: ArsDeps, registry: Registry): UnaryHandler<typeof methods.update> {
  return async ({ description }, { caller }) => {
    const identity = callerOf(caller)
    if (registry.find(identity) === undefined) throw notRegistered(identity)
    const { entry } = await enter(deps, registry, description, identity)
    return { record: signedRecordOf(entry), created: false }
  }
}
