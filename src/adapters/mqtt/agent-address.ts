import type { AgentFace } from '../../ports/agent-client.ts'
import { HansaError } from '../../schema/errors.ts'
import { isMqttId, MQTT_BINDING, type MqttAddress } from '../../wire/binding/mqtt-topics.ts'

/** True for an interface of the profile: its own word, or a URI of a binding over MQTT, with an mqtt: or mqtts: URL. */
export function speaksMqtt({ binding, url }: AgentFace): boolean {
  const isUri = URL.canParse(binding) && /mqtt/i.test(binding)
  return (url.protocol === 'mqtt:' || url.protocol === 'mqtts:') && (binding === MQTT_BINDING || isUri)
}

/**
 * Where the agent is in the tree of topics: the path of its URL, `mqtt://host:1883/{org}/{unit}/{agent}`; where the URL names the broker alone, as cards of the profile's SDK
 * do, the interface's `tenant` in the same form. Throws INVALID_AGENT_RESPONSE.
 */
export function addressOf({ url, tenant }: AgentFace): MqttAddress {
  const path = url.pathname.replace(/^\/|\/$/g, '') || tenant
  const [org = '', unit = '', agent = '', ...rest] = path.split('/').map(decoded)
  if (rest.length > 0 || ![org, unit, agent].every(isMqttId))
    throw new HansaError(
      'INVALID_AGENT_RESPONSE',
      `the card's URL does not say where the agent is at its broker: ${url.protocol}//${url.host}/{org}/{unit}/{agent} is wanted`
    )
  return { org, unit, agent }
}

function decoded(level: string): string {
  try {
    return decodeURIComponent(level)
  } catch {
    return ''
  }
}
