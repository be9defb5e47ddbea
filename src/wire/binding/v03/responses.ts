import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type { OperationName } from '../../operations.ts'
import { cardFrom03, cardTo03 } from './card.ts'
import { objectAt, type Place } from './fields.ts'
import type { Objects } from './objects.ts'

/** What the two writings of 0.3 do each in their own way. */
export interface ResponseForms {
  readonly objects: Pick<Objects, 'responseFrom' | 'responseTo' | 'taskFrom' | 'taskTo'>
  /** One push configuration of a task. */
  pushFrom(value: JsonValue, place: Place): JsonObject
  pushTo(config: JsonObject): JsonObject
  /** A list of them. */
  pushesFrom(value: JsonValue, place: Place): JsonObject
  pushesTo(response: JsonObject): JsonValue
  /** How cards are written (cardTo03). */
  readonly card: 'json' | 'proto'
  /** The answer that says nothing. */
  readonly nothing: JsonValue
}

export interface Responses {
  /** A response of 0.3 as ProtoJSON of the response of 1.0. Throws INVALID_AGENT_RESPONSE naming the field. */
  from(name: OperationName, value: JsonValue): JsonValue
  /** ProtoJSON of a response of 1.0 as one of 0.3. */
  to(name: OperationName, response: JsonObject): JsonValue
}

const RESPONSE: Place = { path: '', of: 'response' }

export function createResponses({ objects, pushFrom, pushTo, pushesFrom, pushesTo, card, nothing }: ResponseForms): Responses {
  return {
    from(name, value) {
      switch (name) {
        case 'SendMessage':
        case 'SendStreamingMessage':
        case 'SubscribeToTask':
          return objects.responseFrom(value, RESPONSE)
        case 'GetTask':
        case 'CancelTask':
          return objects.taskFrom(value, RESPONSE) ?? {}
        case 'CreateTaskPushNotificationConfig':
        case 'GetTaskPushNotificationConfig':
          return pushFrom(value, RESPONSE)
        case 'ListTaskPushNotificationConfigs':
          return pushesFrom(value, RESPONSE)
        case 'GetExtendedAgentCard':
          return cardFrom03(objectAt(value, RESPONSE))
        default:
          return {}
      }
    },
    to(name, response) {
      switch (name) {
        case 'SendMessage':
        case 'SendStreamingMessage':
        case 'SubscribeToTask':
          return objects.responseTo(response, RESPONSE)
        case 'GetTask':
        case 'CancelTask':
          return objects.taskTo(response, RESPONSE) ?? {}
        case 'CreateTaskPushNotificationConfig':
        case 'GetTaskPushNotificationConfig':
          return pushTo(response)
        case 'ListTaskPushNotificationConfigs':
          return pushesTo(response)
        case 'GetExtendedAgentCard':
          return cardTo03(response, card)
        default:
          return nothing
      }
    }
  }
}

/** The push configurations of a response of 1.0, each as `to` writes it. */
export function pushList(response: JsonObject, to: (config: JsonObject) => JsonObject): JsonObject[] {
  return Array.isArray(response['configs']) ? response['configs'].map((config) => to(objectAt(config, RESPONSE))) : []
}
