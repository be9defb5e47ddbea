import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { formatHandle } from '../../../../core/ids/agent-id.ts'
import { isLanguage } from '../../../../core/ids/language-tag.ts'
import type { ByteBudget } from '../../../../core/structures/byte-budget.ts'
import { isOurs, replyLanguage } from '../../../../core/translation/plan.ts'
import { sameReader } from '../../../../core/translation/tags.ts'
import type { Translator } from '../../../../ports/translator.ts'
import { HansaError } from '../../../../schema/errors.ts'
import { AppliedTranslationSchema, type Translation as Wish, TranslationSchema } from '../../../../schema/generated/hansa/v1/gateway_pb.ts'
import { type StreamResponse, StreamResponseSchema } from '../../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { operations } from '../../../../wire/operations.ts'
import { adaptIncoming } from '../adapt/adapt-incoming.ts'
import { type AgentTraits, agentTraits, protobufTypes } from '../adapt/agent-traits.ts'
import { formatWork } from '../adapt/format-work.ts'
import { type LanguageJob, LanguageWork, NO_FIELDS, wishForAnswers } from '../adapt/language-work.ts'
import { messageAdapter, type MessageWork } from '../adapt/message-adapter.ts'
import type { TaskLanguages } from '../adapt/task-languages.ts'
import type { DeclaredFields } from '../adapt/text-slots.ts'
import type { RelayCall, Stage } from '../relay-call.ts'

export interface TranslateDeps {
  /** Absent where no backend is configured. */
  readonly translator?: Translator
  /** Whether translated parts keep what they were. */
  readonly keepOriginal: boolean
  readonly memory: ByteBudget
  readonly tasks: TaskLanguages
}

/** Translations of one call that are told to the caller (gateway.proto). */
const MAX_TOLD = 8

export interface Translation {
  readonly stage: Stage
  /** An event of a task outside of a call, in the language of the task's owner as far as this gateway translates for it. */
  event(target: string, event: StreamResponse, signal: AbortSignal): Promise<readonly StreamResponse[]>
}

/** Which directions of a call are translated by this gateway. */
interface Share {
  readonly request: boolean
  readonly answers: boolean
}

/**
 * Dual translation (draft 2.5, 3.3.2), human language and data format: the gateway of the target does it, or the first one where only that can. A call of which
 * nobody asked it, and whose parts the target takes as they are, is not even decoded.
 */
export function createTranslation(deps: TranslateDeps): Translation {
  const translator = deps.translator ?? NO_TRANSLATOR
  const stage: Stage = {
    name: 'translate',
    run(call) {
      const { operation, next } = call
      const first = call.entry.kind !== 'gateway'
      if (next === undefined || operation.name === 'Trace' || operation.name === 'GetAgentCard' || (!first && next.kind !== 'local')) return
      const language = languageOf(call)
      const format = next.kind === 'local' ? formatWork(call, agentTraits(next.agent.card)) : undefined
      if (language === undefined && format === undefined) return
      const handle = formatHandle(call.target)
      const learn: MessageWork['learn'] = (task, reply) => deps.tasks.learn(handle, task, reply)
      call.incoming = adaptIncoming(call.incoming, messageAdapter({ operation, language, format, learn }), () => deps.memory.open(call.principal))
    }
  }
  return { stage, event }

  /** An event outside of a call. */
  async function event(target: string, told: StreamResponse, signal: AbortSignal): Promise<readonly StreamResponse[]> {
    const answers = answersFromMemory(target, (wish) => workFor({ target, wish, languages: [], fields: NO_FIELDS, signal, applied: () => undefined }))
    if (answers === undefined) return [told]
    const adapter = messageAdapter({ operation: operations.SubscribeToTask, language: { answers }, learn: () => undefined })
    const bytes = [...((await adapter.response?.(toBinary(StreamResponseSchema, told))) ?? []), ...((await adapter.end?.()) ?? [])]
    return bytes.map((each) => fromBinary(StreamResponseSchema, each))
  }

  function languageOf(call: RelayCall): MessageWork['language'] {
    const wish = call.translation
    if (wish === undefined) return fromMemory(call)
    for (const tag of [wish.from, wish.to, wish.reply])
      if (tag !== '' && !isLanguage(tag)) throw new HansaError('MALFORMED', 'a request for translation names a language that is none')
    const share = shareOf(call, wish)
    call.translation = create(TranslationSchema, {
      ...wish,
      requestDone: wish.requestDone || share.request,
      replyDone: wish.replyDone || share.answers
    })
    if (!share.request && !share.answers) return undefined
    const work = workOf(call, wish)
    return { ...(share.request ? { request: work } : {}), answers: () => (share.answers ? work : undefined) }
  }

  /** The last gateway does what is left; the first one what the last cannot. */
  function shareOf({ next }: RelayCall, wish: Wish): Share {
    if (next?.kind !== 'gateway') return { request: !wish.requestDone, answers: !wish.replyDone }
    const { languages, gateway } = next
    if (deps.translator === undefined || languages.length === 0) return { request: false, answers: false }
    const can = (from: string, to: string): boolean => translator.can(from, to)
    // What is in a language of the target needs nothing; what it is in may have to be found out.
    const spoken = languages.some((language) => sameReader(language, wish.to))
    const from = wish.from !== '' ? wish.from : spoken ? undefined : wish.to
    const understood = from !== undefined && languages.some((language) => sameReader(language, from))
    const request = !wish.requestDone && !understood && isOurs({ from, to: languages }, can, gateway.translates)
    const reply = replyLanguage(wish, from, languages)
    const answers =
      !wish.replyDone &&
      (reply === undefined
        ? request
        : !languages.every((language) => sameReader(language, reply)) && languages.some((l) => isOurs({ from: l, to: [reply] }, can, gateway.translates)))
    return { request, answers }
  }

  /** What is asked of a task later comes in the language of its first answer. */
  function fromMemory(call: RelayCall): MessageWork['language'] {
    const { name } = call.operation
    const about = name === 'GetTask' || name === 'SubscribeToTask' || name === 'CancelTask' || name === 'ListTasks'
    const answers = about ? answersFromMemory(formatHandle(call.target), (wish) => workOf(call, wish)) : undefined
    return answers === undefined ? undefined : { answers }
  }

  function answersFromMemory(target: string, work: (wish: Wish) => LanguageWork): ((task: string) => LanguageWork | undefined) | undefined {
    if (deps.translator === undefined || deps.tasks.size === 0) return undefined
    const works = new Map<string, LanguageWork>()
    return (task) => {
      const reply = deps.tasks.of(target, task)
      if (reply === undefined) return undefined
      const made = works.get(reply) ?? work(wishForAnswers(reply))
      works.set(reply, made)
      return made
    }
  }

  function workOf(call: RelayCall, wish: Wish): LanguageWork {
    const { next, incoming, self, translated } = call
    return workFor({
      target: formatHandle(call.target),
      wish,
      languages: next?.kind === 'local' ? next.agent.languages : (next?.languages ?? []),
      fields: next?.kind === 'local' ? declaredFields(agentTraits(next.agent.card)) : NO_FIELDS,
      signal: incoming.signal,
      applied: (done) => {
        const known = translated.some(({ from, to, engine, reply }) => from === done.from && to === done.to && engine === done.engine && reply === done.reply)
        if (!known && translated.length < MAX_TOLD) translated.push(create(AppliedTranslationSchema, { ...done, gateway: self.spiffeId }))
      }
    })
  }

  function workFor({ target, ...job }: Omit<LanguageJob, 'translator' | 'account' | 'keepOriginal'> & { readonly target: string }): LanguageWork {
    return new LanguageWork({ ...job, translator, account: target, keepOriginal: deps.keepOriginal })
  }
}

function declaredFields(traits: AgentTraits): DeclaredFields {
  return traits.textFields.length === 0 ? NO_FIELDS : { pointers: traits.textFields, types: protobufTypes(traits) }
}

/** A gateway without backends: it can say that nobody translates, and what for. */
const NO_TRANSLATOR: Translator = {
  pairs: () => [],
  can: () => false,
  translate: ({ from, to }) => Promise.reject(new HansaError('TRANSLATION_UNAVAILABLE', `nobody here translates ${from}>${to}`, { pair: `${from}>${to}` })),
  identify: () => undefined
}
