import { HansaError } from '../../src/schema/errors.ts'
import { type AdminOperationName, adminOperations, type NodeOperations } from '../../src/admin/operations.ts'

/** Operations of a node that refuses everything but what a test gives it. */
export function nodeOperations(given: Partial<NodeOperations>): NodeOperations {
  const refuse = (name: string) => () => {
    throw new HansaError('ROLE_MISSING', `no ${name} here`, { role: 'agw' })
  }
  const all = Object.fromEntries((Object.keys(adminOperations) as AdminOperationName[]).map((name) => [name, refuse(name)]))
  return { ...all, ...given } as NodeOperations
}
