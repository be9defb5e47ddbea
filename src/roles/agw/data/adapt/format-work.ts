import type { RelayCall } from '../relay-call.ts'
import type { AgentTraits } from './agent-traits.ts'
import type { MessageWork } from './message-adapter.ts'

/** What is to be converted for an agent that is attached here; undefined when nothing is. */
export function formatWork(_call: RelayCall, _traits: AgentTraits): MessageWork['format'] {
  return undefined
}
