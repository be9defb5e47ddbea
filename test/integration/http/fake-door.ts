import { create, type Message, type MessageInitShape } from '@bufbuild/protobuf'
import type { GatewayDoor } from '../../../src/ports/gateway-door.ts'
import { type AgentAdvert, AgentAdvertSchema } from '../../../src/schema/generated/hansa/v1/gateway_pb.ts'
import { type MessageSchema, Role, SendMessageResponseSchema, StreamResponseSchema } from '../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'

type CallRequest = Parameters<GatewayDoor['call']>[0]

/** A gateway of one agent, flight@north.example, whose behaviour a test chooses. */
export class FakeDoor implements GatewayDoor {
  readonly calls: CallRequest[] = []
  readonly admitted: string[] = []
  released = 0
  refuse: Error | undefined
  answer: (request: CallRequest) => AsyncIterable<Message> = echo
  cardBytes: Uint8Array = new TextEncoder().encode(
    JSON.stringify({
      name: 'Flight',
      description: 'Books flights',
      version: '3',
      supportedInterfaces: [{ url: 'http://10.0.0.1:1/', protocolBinding: 'JSONRPC', protocolVersion: '1.0' }],
      capabilities: { streaming: true, pushNotifications: true },
      defaultInputModes: ['text/plain'],
      defaultOutputModes: ['text/plain'],
      skills: [],
      signatures: [{ protected: 'eyJ', signature: 'c2ln' }]
    })
  )
  isReady = true

  admit(_principal: unknown, kind: 'call' | 'discovery'): () => void {
    if (this.refuse !== undefined) throw this.refuse
    this.admitted.push(kind)
    return () => void this.released++
  }

  call(request: CallRequest): AsyncIterable<Message> {
    this.calls.push(request)
    return this.answer(request)
  }

  card(): Promise<Uint8Array> {
    return Promise.resolve(this.cardBytes)
  }

  readonly notified: Parameters<GatewayDoor['notify']>[] = []

  notify(...notification: Parameters<GatewayDoor['notify']>): Promise<void> {
    this.notified.push(notification)
    return Promise.resolve()
  }

  reachable(): AgentAdvert[] {
    const fields = { resourceId: 'urn:air:north.example:agent:flight', handle: 'flight@north.example', name: 'Flight', description: 'Books flights' }
    return [create(AgentAdvertSchema, { ...fields, capabilities: ['travel/flight-booking'] })]
  }

  ready(): boolean {
    return this.isReady
  }
}

async function* echo({ operation, message }: CallRequest): AsyncGenerator<Message, void, undefined> {
  await Promise.resolve()
  const said = (message as { message?: { parts?: { content: { value?: unknown } }[] } }).message?.parts?.[0]?.content.value
  const reply = replyOf(`you said ${String(said)}`)
  if (!operation.streaming) return yield create(SendMessageResponseSchema, { payload: { case: 'message', value: reply } })
  for (const word of ['one', 'two', 'three']) yield create(StreamResponseSchema, { payload: { case: 'message', value: replyOf(word) } })
}

export function replyOf(text: string): MessageInitShape<typeof MessageSchema> {
  return { messageId: 'r1', role: Role.AGENT, parts: [{ content: { case: 'text', value: text } }] }
}
