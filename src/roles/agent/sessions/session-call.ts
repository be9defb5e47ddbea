import type { Message as AnyMessage } from '@bufbuild/protobuf'
import type { Sha256 } from '../../../core/crypto.ts'
import { sessionId } from '../../../core/session/session-id.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { AppliedTranslation, Hop } from '../../../schema/generated/hansa/v1/gateway_pb.ts'
import * as a2a from '../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { declaredLanguage } from '../../../wire/translation-request.ts'
import { isSettled } from '../../../wire/task-states.ts'
import { type Said, type Spoken, spoken } from './spoken.ts'

/** Who speaks in a call, and how it came here. */
export interface CallParties {
  /** SPIFFE ID or handle. */
  readonly asker: string
  readonly answerer: string
  /** True: this node made the call; false: it came in. */
  readonly own: boolean
  /** Gateways that a call has passed on its way here. */
  readonly hops?: readonly Hop[]
  /** BCP 47 of the message, where it is known. */
  readonly language?: string
}

export interface SessionCallDeps {
  readonly clock: Clock
  readonly sha256: Sha256
  /** By task: the call whose events of it are recorded. Others that follow the same task hear the same. */
  readonly tellers: Map<string, SessionCall>
  readonly push: (id: string, said: Spoken) => void
  /** Told of what could not be recorded. */
  readonly failed: (error: unknown) => void
}

/** The most messages of a task's history that are looked at; more are not said in one call. */
const MAX_HISTORY = 100

/** What waits for the call to say what session it is of: the question, and what an agent may say before its first name of a task. More is not recorded. */
const MAX_BEFORE = { entries: 64, bytes: 32 * 1024 * 1024 }

/** Records one call: what was asked, and what came back. Its methods are cheap, and never throw. */
export class SessionCall implements Disposable {
  readonly #deps: SessionCallDeps
  readonly #parties: CallParties
  /** Empty until the call says what session it is of. */
  #session = ''
  #before: Spoken[] = []
  #beforeBytes = 0
  /** The last answer, kept until the call has ended and says how it went. */
  #last: Spoken | undefined
  readonly #told: string[] = []

  constructor(deps: SessionCallDeps, parties: CallParties) {
    this.#deps = deps
    this.#parties = parties
  }

  asked(message: a2a.Message | undefined): void {
    if (message === undefined) return
    this.#try(() => {
      this.#enter(message.contextId)
      this.#add(this.#spoken({ case: 'message', value: message }, this.#parties.asker))
    })
  }

  /** A SendMessageResponse, a StreamResponse or a Task; others say nothing. */
  answered(response: AnyMessage): void {
    this.#try(() => {
      const said = saidIn(response)
      if (said === undefined) return
      this.#enter(said.value.contextId)
      if (said.case === 'task') return this.#task(said.value)
      if ((said.case === 'status' || said.case === 'artifact') && !this.#tells(said.value.taskId)) return
      this.#answer(said)
    })
  }

  [Symbol.dispose](): void {
    this.ended()
  }

  /** The call has ended. */
  ended(how: { readonly hops?: readonly Hop[]; readonly translations?: readonly AppliedTranslation[] } = {}): void {
    this.#try(() => {
      for (const task of this.#told) if (this.#deps.tellers.get(task) === this) this.#deps.tellers.delete(task)
      const { hops = [], translations = [] } = how
      const last = this.#last
      this.#last = undefined
      if (last === undefined) return
      const language = last.language === '' ? (translations.find(({ reply }) => reply)?.to ?? '') : last.language
      this.#add({ ...last, language, translations, hops: hops.length > 0 ? hops : last.hops })
    })
  }

  /** What was in it before is told by its history: those messages that nobody has recorded yet come first. */
  #task(task: a2a.Task): void {
    for (const message of task.history.slice(-MAX_HISTORY)) {
      const { asker, answerer } = this.#parties
      if (message.messageId !== '') this.#add(this.#spoken({ case: 'message', value: message }, message.role === a2a.Role.AGENT ? answerer : asker))
    }
    // Without it, or each snapshot would hold all that was said before.
    this.#answer({ case: 'task', value: task.history.length === 0 ? task : { ...task, history: [] } })
  }

  #answer(said: Said): void {
    if (this.#last !== undefined) this.#add(this.#last)
    this.#last = undefined
    const entry = this.#spoken(said, this.#parties.answerer)
    // After these no more is said, so the end of the call is near, and with it the way that it took.
    const state = said.case === 'task' || said.case === 'status' ? said.value.status?.state : undefined
    if (this.#parties.own && (said.case === 'message' || isSettled(state))) this.#last = entry
    else this.#add(entry)
  }

  /** True when this call is the one that tells of a task. */
  #tells(task: string): boolean {
    const key = `${this.#parties.own ? 'own' : 'in'} ${task}`
    const teller = this.#deps.tellers.get(key)
    if (teller !== undefined) return teller === this
    this.#deps.tellers.set(key, this)
    this.#told.push(key)
    return true
  }

  #enter(contextId: string): void {
    if (this.#session !== '' || contextId === '') return
    this.#session = sessionId(contextId, this.#deps.sha256)
    for (const entry of this.#before) this.#deps.push(this.#session, entry)
    this.#before = []
    this.#beforeBytes = 0
  }

  #add(entry: Spoken): void {
    if (this.#session !== '') return this.#deps.push(this.#session, entry)
    this.#beforeBytes += entry.content.length
    // An agent that never names a session would otherwise fill the memory with its stream.
    if (this.#before.length < MAX_BEFORE.entries && this.#beforeBytes <= MAX_BEFORE.bytes) this.#before.push(entry)
  }

  #spoken(said: Said, from: string): Spoken {
    const { asker, answerer, own, hops = [], language = '' } = this.#parties
    const asks = from === asker
    const declared = said.case === 'message' ? declaredLanguage(said.value.metadata) : undefined
    return spoken(
      said,
      {
        at: this.#deps.clock.now(),
        from,
        to: asks ? answerer : asker,
        sent: asks === own,
        language: declared ?? (asks ? language : ''),
        peer: own ? answerer : asker,
        own,
        hops: asks && !own ? hops : []
      },
      this.#deps.sha256
    )
  }

  #try(record: () => void): void {
    try {
      record()
    } catch (error) {
      this.#deps.failed(error)
    }
  }
}

function saidIn(response: AnyMessage): Said | undefined {
  if (response.$typeName === a2a.TaskSchema.typeName) return { case: 'task', value: response as a2a.Task }
  if (response.$typeName !== a2a.SendMessageResponseSchema.typeName && response.$typeName !== a2a.StreamResponseSchema.typeName) return undefined
  const { payload } = response as a2a.SendMessageResponse | a2a.StreamResponse
  switch (payload.case) {
    case 'message':
    case 'task':
      return payload
    case 'statusUpdate':
      return { case: 'status', value: payload.value }
    case 'artifactUpdate':
      return { case: 'artifact', value: payload.value }
    case undefined:
      return undefined
  }
}
