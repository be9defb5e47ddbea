import { sameReader } from './tags.ts'

/** What a caller asked for (hansa.v1.Translation); an empty text is "not said". */
export interface Wish {
  readonly from: string
  readonly to: string
  readonly reply: string
}

/** Which way a text goes. `missing`: nobody here can do the pair. `unknown`: its language is not known, so nobody can say what the pair is. */
export type Decision =
  | { readonly kind: 'none' }
  | { readonly kind: 'translate'; readonly from: string; readonly to: string }
  | { readonly kind: 'missing'; readonly from: string; readonly to: string }
  | { readonly kind: 'unknown' }

export type Can = (from: string, to: string) => boolean

/**
 * Into which language of the target a message goes (draft 2.5, 3.3.2). `source` is the language of the message as far as it is known; otherwise the caller is
 * taken to write in the language it wants to read, where that is none of the target's.
 */
export function planRequest(wish: Wish, source: string | undefined, target: readonly string[], can: Can): Decision {
  const wanted = target.filter((language) => sameReader(language, wish.to))
  const from = source ?? (wanted.length === 0 ? wish.to : undefined)
  const [first = ''] = wanted.length > 0 ? wanted : target
  if (first === '') return { kind: 'none' }
  if (from === undefined || from === '') return { kind: 'unknown' }
  if (target.some((language) => sameReader(language, from))) return { kind: 'none' }
  const to = (wanted.length > 0 ? wanted : target).find((language) => can(from, language))
  return to === undefined ? { kind: 'missing', from, to: first } : { kind: 'translate', from, to }
}

/** The language that the caller wants to read; undefined where it takes what comes. `source`: what its message was in, if that is known. */
export function replyLanguage(wish: Wish, source: string | undefined, target: readonly string[]): string | undefined {
  if (wish.reply !== '') return wish.reply
  if (!target.some((language) => sameReader(language, wish.to))) return wish.to
  // `to` named a language of the target, so it said into what the message goes; answers return in the sender's own.
  return source
}

/** One text of an answer: from what it is in (`source`: declared or identified; else the target's own language) into what the caller reads. */
export function planReply(reply: string | undefined, source: string | undefined, target: readonly string[], can: Can): Decision {
  const from = source ?? target[0]
  if (reply === undefined || from === undefined || sameReader(from, reply)) return { kind: 'none' }
  return can(from, reply) ? { kind: 'translate', from, to: reply } : { kind: 'missing', from, to: reply }
}

/**
 * True when this gateway, the caller's first, is to do one direction: only when it can and the target's own gateway, which does it by default, cannot.
 * `pairs` are those of the target's gateway, as en>es; `from` may be unknown.
 */
export function isOurs(direction: { readonly from: string | undefined; readonly to: readonly string[] }, can: Can, pairs: readonly string[]): boolean {
  const { from, to } = direction
  const there = pairs.some((pair) => {
    const [source = '', goal = ''] = pair.split('>')
    return (from === undefined || sameReader(source, from)) && to.some((language) => sameReader(language, goal))
  })
  if (there) return false
  // Without a known language there is nothing to compare; who decodes the message finds out.
  return from === undefined || to.some((language) => can(from, language))
}
