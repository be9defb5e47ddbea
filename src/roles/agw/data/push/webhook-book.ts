import { create, toBinary } from '@bufbuild/protobuf'
import type { Clock } from '../../../../ports/clock.ts'
import type { Store } from '../../../../ports/store.ts'
import { HansaError } from '../../../../schema/errors.ts'
import { type Webhook, WebhookSchema } from '../../../../schema/generated/hansa/v1/gateway_pb.ts'
import { type TaskPushNotificationConfig, TaskPushNotificationConfigSchema } from '../../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { decode } from '../../../../wire/decode.ts'

const TABLE = 'webhooks'

/** Webhooks of one principal and of all: at a few hundred bytes each, a few MiB. */
const MAX_OF_PRINCIPAL = 1_000
const MAX = 20_000

/** A task that is not over after a week is forgotten by its agent, too. */
const LIFE_MS = 7 * 86_400_000
/** Time for events that are still on their way when a task has ended. */
const AFTER_END_MS = 3_600_000

/** The webhooks that clients of this gateway have set, with their secrets. What was acknowledged survives a restart. */
export class WebhookBook {
  readonly #store: Store
  readonly #clock: Clock
  readonly #hooks = new Map<string, Webhook>()

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
    for (const [id, bytes] of store.entries(TABLE)) this.#hooks.set(id, decode(WebhookSchema, bytes))
  }

  /** On disk when it resolves. Throws OVERLOADED at the bounds; nothing that was acknowledged gives way. */
  async add(hook: { readonly id: string; readonly principal: string; readonly agent: string; readonly config: TaskPushNotificationConfig }): Promise<void> {
    this.#sweep()
    const mine = [...this.#hooks.values()].filter(({ principal }) => principal === hook.principal).length
    if (mine >= MAX_OF_PRINCIPAL || this.#hooks.size >= MAX)
      throw new HansaError('OVERLOADED', `${mine} webhooks of ${hook.principal} are kept already`, { bound: MAX_OF_PRINCIPAL })
    this.#put({ ...hook, config: toBinary(TaskPushNotificationConfigSchema, hook.config), setAt: BigInt(this.#clock.now()), endedAt: 0n })
    await this.#store.commit()
  }

  /** As the client set it; undefined for one of another principal or agent, or none. */
  find(id: string, of: { readonly principal?: string; readonly agent: string }): TaskPushNotificationConfig | undefined {
    const hook = this.#hooks.get(id)
    if (hook === undefined || hook.agent !== of.agent || (of.principal !== undefined && hook.principal !== of.principal)) return undefined
    return decode(TaskPushNotificationConfigSchema, hook.config)
  }

  /** What the agent calls task and webhook. Written with the next commit: without it only GetTaskPushNotificationConfig would say less. */
  named(id: string, names: { readonly taskId?: string; readonly configId?: string }): void {
    const hook = this.#hooks.get(id)
    if (hook === undefined) return
    const config = decode(TaskPushNotificationConfigSchema, hook.config)
    if (names.taskId !== undefined) config.taskId = names.taskId
    if (names.configId !== undefined) config.id = names.configId
    this.#put({ ...hook, config: toBinary(TaskPushNotificationConfigSchema, config) })
  }

  /** The task of a webhook has ended: it is kept a little longer. */
  ended(id: string): void {
    const hook = this.#hooks.get(id)
    if (hook !== undefined) this.#put({ ...hook, endedAt: BigInt(this.#clock.now()) })
  }

  /** The agent has deleted it. */
  async remove(of: { readonly principal: string; readonly agent: string; readonly taskId: string; readonly configId: string }): Promise<void> {
    for (const [id, hook] of this.#hooks) {
      if (hook.principal !== of.principal || hook.agent !== of.agent) continue
      const config = decode(TaskPushNotificationConfigSchema, hook.config)
      if (config.taskId === of.taskId && config.id === of.configId) this.#drop(id)
    }
    await this.#store.commit()
  }

  #put(hook: Omit<Webhook, '$typeName'>): void {
    const whole = create(WebhookSchema, hook)
    this.#hooks.set(hook.id, whole)
    this.#store.put(TABLE, hook.id, toBinary(WebhookSchema, whole))
  }

  #drop(id: string): void {
    this.#hooks.delete(id)
    this.#store.delete(TABLE, id)
  }

  #sweep(): void {
    const now = this.#clock.now()
    for (const [id, { setAt, endedAt }] of this.#hooks)
      if (now - Number(setAt) > LIFE_MS || (endedAt > 0n && now - Number(endedAt) > AFTER_END_MS)) this.#drop(id)
  }
}
