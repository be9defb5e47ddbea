import { isDomain } from '../../core/ids/domain.ts'
import { type AgentId } from '../../core/ids/agent-id.ts'
import { isName } from '../../core/ids/spiffe-id.ts'

/** What the topics of the A2A-over-MQTT profile carry. */
export type MqttTopicKind = 'discovery' | 'request' | 'reply' | 'event'

/** `$a2a/v1/{kind}/{org}/{unit}/{agent}[/{suffix}]` (A2A over MQTT 0.1, "Topic Model"). */
export interface MqttTopic {
  readonly kind: MqttTopicKind
  readonly org: string
  readonly unit: string
  readonly agent: string
  /** What follows the agent; empty where nothing does. Only replies have one. */
  readonly suffix: string
}

/** Where an agent is in the profile's tree of topics. */
export interface MqttAddress {
  readonly org: string
  readonly unit: string
  readonly agent: string
}

/** What the profile's own SDK writes as `protocolBinding`. */
export const MQTT_BINDING = 'MQTTv5+JSONRPCv2'

const ROOT = '$a2a/v1'

/** Unit of the agents that a gateway carries calls to: the kind of the resource ID, urn:air:{domain}:agent:{name}. */
export const ROUTED_UNIT = 'agent'

/** Unit of agents that themselves sit at a gateway's broker. Another one, or a call that their own node publishes would be taken for one to be routed, and come back for ever. */
export const LOCAL_UNIT = 'local'

/** Filter for all requests that a gateway takes. */
export const ALL_REQUESTS = `${ROOT}/request/+/${ROUTED_UNIT}/+`

const KINDS: readonly string[] = ['discovery', 'request', 'reply', 'event']

const ID = /^[A-Za-z0-9_.-]{1,255}$/

/** MQTT allows 65,535 bytes; an answer's topic comes from strangers and is kept with the call. */
const MAX_TOPIC = 1024

export function isMqttId(text: string): boolean {
  return ID.test(text)
}

export function formatTopic(kind: MqttTopicKind, { org, unit, agent }: MqttAddress, suffix = ''): string {
  return `${ROOT}/${kind}/${org}/${unit}/${agent}${suffix === '' ? '' : `/${suffix}`}`
}

/** Undefined for anything that is not a topic of the profile; wildcards are not. */
export function parseTopic(topic: string): MqttTopic | undefined {
  if (topic.length > MAX_TOPIC) return undefined
  const [root, version, kind = '', org = '', unit = '', agent = '', ...rest] = topic.split('/')
  if (`${root}/${version}` !== ROOT || !isKind(kind) || ![org, unit, agent].every(isMqttId)) return undefined
  const suffix = rest.join('/')
  // No control characters (MQTT 5, 1.5.4): they would spoil a log.
  if (/[+#\u0000-\u001f]/.test(suffix) || (kind !== 'reply' && suffix !== '')) return undefined
  return { kind, org, unit, agent, suffix }
}

/** The agent that a routed request is for: org is its trust domain. Undefined when it names none. */
export function routedAgent({ org, unit, agent }: MqttAddress): AgentId | undefined {
  return unit === ROUTED_UNIT && isDomain(org) && isName(agent) ? { domain: org, name: agent } : undefined
}

export function routedAddress({ domain, name }: AgentId): MqttAddress {
  return { org: domain, unit: ROUTED_UNIT, agent: name }
}

/**
 * The part of a reply topic or filter that belongs to one client: `$a2a/v1/reply/{org}/{unit}/{agent}/{first level}`. Undefined when one of those levels is missing or a
 * wildcard: such a filter would read what is for others.
 */
export function replyRoot(filter: string): string | undefined {
  const levels = filter.split('/')
  const root = levels.slice(0, 7)
  const parsed = parseTopic(root.join('/'))
  return filter.length <= MAX_TOPIC && parsed?.kind === 'reply' && parsed.suffix !== '' ? root.join('/') : undefined
}

/** True when a filter takes this topic (MQTT 4.7). */
export function matches(filter: string, topic: string): boolean {
  const wanted = filter.split('/')
  const levels = topic.split('/')
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true
    if (levels[index] === undefined || (level !== '+' && level !== levels[index])) return false
  }
  return wanted.length === levels.length
}

/** The kind that a filter is about, whatever wildcards follow; undefined for one that spans kinds. */
export function kindOfFilter(filter: string): MqttTopicKind | undefined {
  const [root, version, kind = ''] = filter.split('/')
  return filter.length <= MAX_TOPIC && `${root}/${version}` === ROOT && isKind(kind) ? kind : undefined
}

function isKind(text: string): text is MqttTopicKind {
  return KINDS.includes(text)
}
