import { isMessage, type Message, toBinary } from '@bufbuild/protobuf'
import { HansaError } from '../../../../schema/errors.ts'
import * as a2a from '../../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { taskAtHead } from '../../../../wire/binding/task-head.ts'
import { decode } from '../../../../wire/decode.ts'
import type { Operation } from '../../../../wire/operations.ts'
import type { Adapter } from '../adapt/adapt-incoming.ts'

/** What stands for a client's webhook between the two gateways: no address and no secret of the client leaves its own. A network constant. */
const URN = 'urn:hansa:webhook:'

export interface ClientSide {
  /** Keeps the client's webhook; resolves with its ID here. Throws INVALID_ARGUMENT for an address that may not be posted to. */
  keep(config: a2a.TaskPushNotificationConfig): Promise<string>
  find(id: string): a2a.TaskPushNotificationConfig | undefined
  named(id: string, names: { readonly taskId?: string; readonly configId?: string }): void
  remove(taskId: string, configId: string): Promise<void>
}

/** At the gateway of the client: its webhook stays here, a name goes on (A2A push notification across domains). */
export function clientWebhooks(operation: Operation, side: ClientSide): Adapter {
  let kept: string | undefined
  let deleted: { readonly taskId: string; readonly configId: string } | undefined

  function restore(config: a2a.TaskPushNotificationConfig): void {
    const id = idOf(config.url)
    const own = id === undefined ? undefined : side.find(id)
    // A webhook that somebody else set, or that is forgotten here, shows neither address nor secrets.
    config.url = own?.url ?? ''
    config.token = own?.token ?? ''
    config.authentication = own?.authentication
    if (id !== undefined && own !== undefined && (own.id !== config.id || own.taskId !== config.taskId))
      side.named(id, { taskId: config.taskId, configId: config.id })
  }

  return {
    async request(bytes) {
      const request = decode(operation.request, bytes)
      if (isMessage(request, a2a.DeleteTaskPushNotificationConfigRequestSchema)) deleted = { taskId: request.taskId, configId: request.id }
      const config = configIn(request)
      if (config === undefined) return bytes
      kept = await side.keep({ ...config })
      config.url = URN + kept
      config.token = ''
      config.authentication = undefined
      return toBinary(operation.request, request)
    },
    async response(bytes) {
      if (operation.request === a2a.SendMessageRequestSchema) {
        const taskId = kept === undefined ? undefined : taskAtHead(bytes)?.id
        if (kept !== undefined && taskId !== undefined) {
          side.named(kept, { taskId })
          kept = undefined
        }
        return [bytes]
      }
      if (deleted !== undefined) await side.remove(deleted.taskId, deleted.configId)
      return [onConfigs(operation, bytes, restore)]
    }
  }
}

export interface AgentSide {
  /** The address that the agent is to post to in place of the client's. Throws PUSH_NOTIFICATION_NOT_SUPPORTED where this gateway has none. */
  addressFor(id: string): string
  /** The webhook behind an address that `addressFor` gave; undefined for any other. */
  idOf(address: string): string | undefined
}

/** At the gateway of the agent: the agent gets an address of this gateway. */
export function agentWebhooks(operation: Operation, side: AgentSide): Adapter {
  return {
    request(bytes) {
      const request = decode(operation.request, bytes)
      const config = configIn(request)
      if (config === undefined) return bytes
      const id = idOf(config.url)
      if (id === undefined) throw new HansaError('PUSH_NOTIFICATION_NOT_SUPPORTED', 'a webhook that no gateway has taken over')
      config.url = side.addressFor(id)
      return toBinary(operation.request, request)
    },
    response(bytes) {
      if (operation.request === a2a.SendMessageRequestSchema) return [bytes]
      const rename = (config: a2a.TaskPushNotificationConfig): void => {
        const id = side.idOf(config.url)
        config.url = id === undefined ? '' : URN + id
      }
      return [onConfigs(operation, bytes, rename)]
    }
  }
}

function configIn(request: Message): a2a.TaskPushNotificationConfig | undefined {
  if (isMessage(request, a2a.TaskPushNotificationConfigSchema)) return request
  return isMessage(request, a2a.SendMessageRequestSchema) ? request.configuration?.taskPushNotificationConfig : undefined
}

function onConfigs(operation: Operation, bytes: Uint8Array, change: (config: a2a.TaskPushNotificationConfig) => void): Uint8Array {
  const answer = decode(operation.response, bytes)
  if (isMessage(answer, a2a.TaskPushNotificationConfigSchema)) change(answer)
  else if (isMessage(answer, a2a.ListTaskPushNotificationConfigsResponseSchema)) answer.configs.forEach(change)
  else return bytes
  return toBinary(operation.response, answer)
}

function idOf(url: string): string | undefined {
  const id = url.startsWith(URN) ? url.slice(URN.length) : ''
  return /^[0-9A-Za-z_-]{16,64}$/.test(id) ? id : undefined
}
