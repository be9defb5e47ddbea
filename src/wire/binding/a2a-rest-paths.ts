import { HansaError } from '../../schema/errors.ts'
import type { A2aOperationName } from '../operations.ts'
import type { A2aVersion } from './a2a-version.ts'

/** What a method and a path of the REST binding ask for (A2A 1.0, 11.3; the paths of 0.3 are the same below /v1, without the list of tasks). */
export interface RestTarget {
  readonly name: A2aOperationName
  readonly taskId?: string
  readonly configId?: string
  /** Where the path begins with one. */
  readonly tenant?: string
}

type Methods = Readonly<Partial<Record<string, A2aOperationName>>>

/** `path`: the segments after the agent's base, as they were sent. Throws NOT_FOUND, METHOD_NOT_FOUND, MALFORMED, VERSION_NOT_SUPPORTED. */
export function matchRestPath(method: string, path: readonly string[], version: A2aVersion): RestTarget {
  const [first = '', ...rest] = path
  if (version === '0.3') {
    if (first === 'v1') return targetOf(method, rest, { card: 'card', list: false })
    if (startsHere(first))
      throw new HansaError(
        'VERSION_NOT_SUPPORTED',
        'this is a path of A2A 1.0: send A2A-Version: 1.0 (a request without it speaks 0.3, whose paths begin with /v1)',
        {
          supported: '1.0, 0.3'
        }
      )
    throw nothing()
  }
  if (startsHere(first)) return targetOf(method, path, { card: 'extendedAgentCard', list: true })
  return { ...targetOf(method, rest, { card: 'extendedAgentCard', list: true }), tenant: decoded(first) }
}

function startsHere(segment: string): boolean {
  return segment === 'tasks' || segment === 'extendedAgentCard' || segment.startsWith('message:')
}

function targetOf(method: string, path: readonly string[], { card, list }: { card: string; list: boolean }): RestTarget {
  const [first, second, third, fourth] = path
  if (path.length === 1) {
    if (first === 'message:send') return { name: allowed(method, { POST: 'SendMessage' }) }
    if (first === 'message:stream') return { name: allowed(method, { POST: 'SendStreamingMessage' }) }
    if (first === card) return { name: allowed(method, { GET: 'GetExtendedAgentCard' }) }
    if (first === 'tasks' && list) return { name: allowed(method, { GET: 'ListTasks' }) }
  }
  if (first !== 'tasks' || second === undefined || second === '') throw nothing()
  if (path.length === 2) {
    if (second.endsWith(':cancel')) return { name: allowed(method, { POST: 'CancelTask' }), taskId: decoded(second.slice(0, -':cancel'.length)) }
    if (second.endsWith(':subscribe'))
      return { name: allowed(method, { GET: 'SubscribeToTask', POST: 'SubscribeToTask' }), taskId: decoded(second.slice(0, -':subscribe'.length)) }
    return { name: allowed(method, { GET: 'GetTask' }), taskId: decoded(second) }
  }
  if (third !== 'pushNotificationConfigs') throw nothing()
  const taskId = decoded(second)
  if (path.length === 3) return { name: allowed(method, { POST: 'CreateTaskPushNotificationConfig', GET: 'ListTaskPushNotificationConfigs' }), taskId }
  if (path.length === 4 && fourth !== undefined && fourth !== '')
    return { name: allowed(method, { GET: 'GetTaskPushNotificationConfig', DELETE: 'DeleteTaskPushNotificationConfig' }), taskId, configId: decoded(fourth) }
  throw nothing()
}

function allowed(method: string, methods: Methods): A2aOperationName {
  const name = methods[method]
  if (name === undefined) throw new HansaError('METHOD_NOT_FOUND', `this path takes ${Object.keys(methods).join(' and ')} only`)
  return name
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new HansaError('MALFORMED', 'the path cannot be decoded')
  }
}

function nothing(): HansaError {
  return new HansaError('NOT_FOUND', 'there is no operation of A2A at this path')
}
