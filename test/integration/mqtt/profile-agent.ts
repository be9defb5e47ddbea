import type { Socket } from 'node:net'
import mqtt, { type IPublishPacket, type MqttClient } from 'mqtt'

/** One request as an agent of the profile sees it. */
export interface Asked {
  readonly method: string
  readonly id: unknown
  readonly params: Readonly<Record<string, unknown>>
  readonly packet: IPublishPacket
}

/** An agent of the A2A-over-MQTT profile, as its SDK makes them: it answers at the Response Topic with what a test says. */
export class ProfileAgent {
  readonly asked: Asked[] = []
  readonly client: MqttClient
  answer: (asked: Asked, reply: (body: object | string) => void) => void = () => undefined

  constructor(client: MqttClient) {
    this.client = client
  }

  static async start(port: number, path: string): Promise<ProfileAgent> {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5, clientId: path, reconnectPeriod: 0 })
    ;(client.stream as Socket).setNoDelay(true)
    const agent = new ProfileAgent(client)
    client.on('message', (_topic, payload, packet) => {
      const { method, id, params } = JSON.parse(payload.toString()) as { method: string; id: unknown; params: Record<string, unknown> }
      const asked = { method, id, params, packet }
      agent.asked.push(asked)
      const { responseTopic = '', correlationData } = packet.properties ?? {}
      const reply = (body: object | string): void => {
        const text = typeof body === 'string' ? body : JSON.stringify({ jsonrpc: '2.0', id, ...body })
        client.publish(responseTopic, text, { qos: 1, properties: { correlationData } })
      }
      agent.answer(asked, reply)
    })
    await client.subscribeAsync(`$a2a/v1/request/${path}`, { qos: 1 })
    return agent
  }

  async stop(): Promise<void> {
    await this.client.endAsync(true)
  }
}
