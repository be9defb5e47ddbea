import type { Principal } from '../../ports/gateway-door.ts'
import type { PublishProperties } from '../../wire/binding/mqtt-properties.ts'

/** Where the answers to a request go. */
export interface ReplyPath {
  /**
   * Sends one answer to whoever reads the reply topic; resolves when the next may be sent (back-pressure). An empty payload ends a stream. Throws CONNECTION_LOST when
   * nobody reads it any more.
   */
  send(payload: string, properties: ReplyProperties): Promise<void>
  /** Aborted when the reader has gone. */
  readonly signal: AbortSignal
}

export interface ReplyProperties {
  readonly correlationData?: Uint8Array
  readonly userProperties: Readonly<Record<string, string>>
}

/** One message that came on a request topic. */
export interface MqttRequest {
  /** Throws UNAUTHENTICATED when the client is not known any more. */
  readonly principal: () => Principal
  /** Who asks, for duplicates: nobody else's message can be one. */
  readonly requester: string
  readonly topic: string
  readonly payload: Uint8Array
  readonly properties: PublishProperties
  /** Opens the way back to a reply topic. Throws INVALID_ARGUMENT or PERMISSION_DENIED when the requester may not be answered there. */
  readonly replyTo: (topic: string) => ReplyPath
}

/** Properties of an answer as both libraries take them: they write nothing at all of a message that has an empty list of them. */
export function publishProperties({ correlationData, userProperties }: ReplyProperties): {
  correlationData?: Buffer
  userProperties?: Record<string, string>
  contentType: string
  payloadFormatIndicator: boolean
} {
  return {
    ...(correlationData === undefined ? {} : { correlationData: Buffer.from(correlationData) }),
    ...(Object.keys(userProperties).length === 0 ? {} : { userProperties: { ...userProperties } }),
    contentType: 'application/json',
    payloadFormatIndicator: true
  }
}
