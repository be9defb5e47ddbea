import type { Principal } from '../../ports/gateway-door.ts'
import { HansaError } from '../../schema/errors.ts'
import { kindOfFilter, LOCAL_UNIT, matches, type MqttTopic, parseTopic, replyRoot, routedAgent } from '../../wire/binding/mqtt-topics.ts'
import { parseSpiffeId } from '../../core/ids/spiffe-id.ts'

/** Reply topics that belong to clients, and who may do what with the others. `Client` is a connection. */
export interface TopicAccess<Client extends object> {
  /** What a message is for. Throws PERMISSION_DENIED, INVALID_ARGUMENT. */
  publish(principal: Principal, topic: string, message: { readonly retain: boolean; readonly size: number }): 'call' | 'pass'
  /** Lets a client read a filter. Throws PERMISSION_DENIED, TOO_MANY_CALLS above the bound. */
  subscribe(client: Client, principal: Principal, filter: string, qos: number): 'discovery' | 'reply' | 'local'
  unsubscribe(client: Client, filter: string): void
  leave(client: Client): void
  /** Who reads this reply topic, and with which QoS at most; undefined when nobody does. */
  reader(topic: string): { readonly client: Client; readonly principal: Principal; readonly qos: number } | undefined
}

/** Subscriptions of one client: one for discovery, and reply topics of what it does at the same time. */
const MAX_FILTERS = 64

/** A card. An attachment carries it whole, so it is no larger anywhere. */
const MAX_CARD = 256 * 1024

/**
 * Who may read and write which topic at the embedded broker:
 * - requests `$a2a/v1/request/{domain}/agent/{name}`: anybody may write, nobody reads: the gateway does;
 * - replies `$a2a/v1/reply/{org}/{unit}/{agent}/{first}/...`: read by the client that subscribed first, as long as it does, and written by the gateway;
 * - discovery: anybody reads, of the cards those that it may reach (client-sessions.ts);
 * - agents at this broker, `.../{own domain}/local/{name}/...`: all of it for the agent of that name and for the gateway itself (clients on its machine); the
 *   reply topics below it are read by one client as all others are. A card there may be retained; nothing else may.
 */
export function createTopicAccess<Client extends object>(self: () => { readonly spiffeId: string; readonly domain: string } | undefined): TopicAccess<Client> {
  const owners = new Map<string, { readonly client: Client; readonly principal: Principal }>()
  const filters = new Map<Client, Map<string, { readonly qos: number; readonly root: string | undefined }>>()

  function isAtHome(principal: Principal, topic: MqttTopic): boolean {
    const here = self()
    if (here === undefined || topic.org !== here.domain || topic.unit !== LOCAL_UNIT) return false
    if (principal.spiffeId === here.spiffeId) return true
    const { domain, name } = parseSpiffeId(principal.spiffeId)
    return domain === here.domain && name === topic.agent
  }

  function release(client: Client, filter: string): void {
    const own = filters.get(client)
    const root = own?.get(filter)?.root
    own?.delete(filter)
    if (own?.size === 0) filters.delete(client)
    if (root !== undefined && ![...(own?.values() ?? [])].some((one) => one.root === root)) owners.delete(root)
  }

  return {
    publish(principal, topic, { retain, size }) {
      const parsed = parseTopic(topic)
      const local = parsed !== undefined && isAtHome(principal, parsed)
      if (retain && !(local && parsed.kind === 'discovery')) throw denied('nothing but the card of an agent at this broker is retained')
      if (retain && size > MAX_CARD) throw new HansaError('INVALID_ARGUMENT', `a card of more than ${MAX_CARD} bytes`)
      if (local) return 'pass'
      if (parsed?.kind === 'request' && routedAgent(parsed) !== undefined) return 'call'
      throw denied(`not a topic to publish to: ${JSON.stringify(topic.slice(0, 200))}`)
    },
    subscribe(client, principal, filter, qos) {
      const own = filters.get(client) ?? new Map<string, { qos: number; root: string | undefined }>()
      if (!own.has(filter) && own.size >= MAX_FILTERS)
        throw new HansaError('TOO_MANY_CALLS', `more than ${MAX_FILTERS} subscriptions of one client`, { bound: MAX_FILTERS })
      const keep = (root: string | undefined): void => {
        own.set(filter, { qos, root })
        filters.set(client, own)
      }
      const kind = kindOfFilter(filter)
      if (kind === 'discovery') {
        keep(undefined)
        return 'discovery'
      }
      const root = replyRoot(filter)
      if (root !== undefined) {
        const owner = owners.get(root)
        if (owner !== undefined && owner.client !== client) throw denied(`${root} belongs to another client`)
        owners.set(root, { client, principal })
        keep(root)
        return 'reply'
      }
      const topic = parseTopic(filter)
      if (topic === undefined || topic.kind === 'reply' || !isAtHome(principal, topic))
        throw denied(`not a topic to read: ${JSON.stringify(filter.slice(0, 200))}`)
      keep(undefined)
      return 'local'
    },
    unsubscribe: release,
    leave(client) {
      for (const filter of [...(filters.get(client)?.keys() ?? [])]) release(client, filter)
    },
    reader(topic) {
      const root = parseTopic(topic)?.kind === 'reply' ? replyRoot(topic) : undefined
      const owner = root === undefined ? undefined : owners.get(root)
      if (owner === undefined) return undefined
      const fitting = [...(filters.get(owner.client) ?? [])].filter(([filter, one]) => one.root === root && matches(filter, topic))
      return fitting.length === 0 ? undefined : { ...owner, qos: Math.max(...fitting.map(([, { qos }]) => qos)) }
    }
  }
}

function denied(message: string): HansaError {
  return new HansaError('PERMISSION_DENIED', message)
}
