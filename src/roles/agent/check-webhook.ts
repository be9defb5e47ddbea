import { isMessage, type Message } from '@bufbuild/protobuf'
import { HansaError } from '../../schema/errors.ts'
import { SendMessageRequestSchema, TaskPushNotificationConfigSchema } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'

/**
 * An agent posts to addresses of its own gateway only: any other would let a stranger send it to places that only the agent can reach. Throws
 * PUSH_NOTIFICATION_NOT_SUPPORTED.
 */
export function checkWebhook(request: Message, base: string | undefined): void {
  const config = isMessage(request, TaskPushNotificationConfigSchema)
    ? request
    : isMessage(request, SendMessageRequestSchema)
      ? request.configuration?.taskPushNotificationConfig
      : undefined
  if (config === undefined || (base !== undefined && config.url.startsWith(base))) return
  throw new HansaError('PUSH_NOTIFICATION_NOT_SUPPORTED', 'webhooks reach this agent through its gateway only')
}
