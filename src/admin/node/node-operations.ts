import type { HansaNode } from '../../node/hansa-node.ts'
import type { NodeOperations } from '../operations.ts'
import { callOperations } from './calls.ts'
import { directoryOperations } from './directory.ts'
import { reachabilityOperations } from './reachability.ts'
import { sessionOperations } from './sessions.ts'
import { selfOperations } from './self.ts'
import { trustOperations } from './trust.ts'

/** Every operation of the admin API on a running node. */
export function nodeOperations(node: HansaNode): NodeOperations {
  return {
    ...selfOperations(node),
    ...trustOperations(node),
    ...directoryOperations(node),
    ...callOperations(node),
    ...sessionOperations(node),
    ...reachabilityOperations(node)
  }
}
