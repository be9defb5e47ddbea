import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Marked, render, restore } from '../../core/translation/protect.ts'
import { canonicalTag, matchingPairs, type Pair, pairName } from '../../core/translation/tags.ts'
import type { Clock } from '../../ports/clock.ts'
import { HansaError } from '../../schema/errors.ts'
import { ApertiumPipe } from './apertium-pipe.ts'
import type { Backend, Job, Made } from './backend.ts'

/** Where Debian puts the modes. */
export const APERTIUM_MODES = '/usr/share/apertium/modes'

/** Sentences of one call that are in a pipe at a time: enough to keep all stages at work, and room for others. */
const AT_ONCE = 32

interface Way extends Pair {
  /** Directions to go through: one, or two with a language between. */
  readonly legs: readonly string[]
}

/** Machine translation by rules, where it is installed. Pairs are found by their modes; a pipe is opened at the first sentence for its pair. */
export class Apertium implements Backend {
  readonly name = 'apertium'
  readonly #modes: string
  readonly #clock: Clock
  readonly #pipes = new Map<string, ApertiumPipe>()
  #ways: readonly Way[] = []

  constructor(modes: string, clock: Clock) {
    this.#modes = modes
    this.#clock = clock
  }

  /** Looks for pairs; none where it is not installed. */
  async start(): Promise<void> {
    const names = await readdir(this.#modes).catch(() => [])
    const direct: Way[] = []
    for (const name of names.sort()) {
      const [, source = '', target = ''] = /^([a-z]{2,3})-([a-z]{2,3})\.mode$/.exec(name) ?? []
      // Three letters, some still two; eng is en, spa is es.
      const [from, to] = [canonicalTag(source), canonicalTag(target)]
      if (from === undefined || to === undefined) continue
      const leg = pairName({ from, to })
      if (this.#pipes.has(leg)) continue
      this.#pipes.set(leg, new ApertiumPipe(pipeline(await readFile(join(this.#modes, name), 'utf8')), leg, this.#clock))
      direct.push({ from, to, legs: [leg] })
    }
    this.#ways = [...direct, ...pivots(direct)]
  }

  version(): string {
    return this.#ways.length.toString()
  }

  pairs(): readonly Pair[] {
    return this.#ways
  }

  async translate({ sentences, from, to, signal }: Job): Promise<readonly (Made | undefined)[]> {
    const [way] = matchingPairs({ from, to }, this.#ways)
    if (way === undefined) return sentences.map(() => undefined)
    const results: (Made | undefined)[] = []
    for (let at = 0; at < sentences.length; at += AT_ONCE)
      results.push(...(await Promise.all(sentences.slice(at, at + AT_ONCE).map((sentence) => this.#through(way, sentence, signal)))))
    return results
  }

  stop(): void {
    for (const pipe of this.#pipes.values()) pipe.stop()
  }

  /** Of each stage of each pair. */
  get open(): readonly number[] {
    return [...this.#pipes.values()].flatMap((pipe) => pipe.pid ?? [])
  }

  async #through(way: Way, sentence: Marked, signal: AbortSignal): Promise<Made | undefined> {
    let text = render(sentence, (slot) => `[${slot}]`, escape)
    let unknown = 0
    for (const leg of way.legs) {
      signal.throwIfAborted()
      const pipe = this.#pipes.get(leg)
      if (pipe === undefined) throw new HansaError('TRANSLATION_UNAVAILABLE', `there is no ${leg}`, { pair: leg })
      // Some pairs add a blank in front.
      const { words, marks } = withoutMarks((await pipe.translate(text, signal)).trim())
      text = words
      unknown += marks
    }
    const restored = restore(cut(text), sentence)
    return restored === undefined || restored === '' ? undefined : { text: restored, score: scoreOf(restored, unknown) }
  }
}

function pivots(direct: readonly Way[]): Way[] {
  const found = new Map<string, Way>()
  for (const first of direct)
    for (const second of direct) {
      const name = pairName({ from: first.from, to: second.to })
      if (first.to !== second.from || first.from === second.to || found.has(name) || direct.some((way) => pairName(way) === name)) continue
      found.set(name, { from: first.from, to: second.to, legs: [...first.legs, ...second.legs] })
    }
  return [...found.values()]
}

/**
 * The stages of a mode, each told to flush at null bytes (-z), unknown words with a mark (-g in place of $1). A stage that ends takes all others of its group with
 * it: the end of one alone may take long to go through the rest, and until then the pipe would swallow texts.
 */
function pipeline(mode: string): string {
  return mode
    .trim()
    .split('|')
    .map((stage) => {
      const [program = '', ...rest] = stage.trim().replaceAll('$1', '-g').replaceAll('$2', '').split(/\s+/)
      return `{ ${[program, '-z', ...rest].join(' ')}; kill -9 0; }`
    })
    .join(' | ')
}

/** A word that the dictionary has not stays as it was, behind a star. */
function withoutMarks(answer: string): { readonly words: string; readonly marks: number } {
  const marks = answer.match(/\*(?=[\p{L}\p{N}])/gu)?.length ?? 0
  return { words: answer.replace(/\*(?=[\p{L}\p{N}])/gu, ''), marks }
}

/** The part of the words that were known, in hundredths: what was not is in the other language still, and who reads it is told. */
function scoreOf(text: string, unknown: number): number {
  const words = text.match(/[\p{L}\p{N}]+/gu)?.length ?? 1
  return Math.max(0, Math.round((1 - unknown / words) * 100) / 100)
}

/**
 * Characters of the stream format; the slots become superblanks ([0], [1]), which pass through every stage, and so do stars ([*]): before a word they would look
 * like the mark of one that is not known.
 */
function escape(text: string): string {
  return text.replaceAll('\0', '').replace(/[\\[\]{}^$/@<>]|\*+/g, (found) => (found.startsWith('*') ? `[${found}]` : `\\${found}`))
}

/** Text and slots of an answer. */
function cut(answer: string): readonly (string | number)[] {
  const parts: (string | number)[] = []
  for (const [, escaped, slot, stars, plain] of answer.matchAll(/\\([^])|\[(\d+)\]|\[(\*+)\]|([^\\[]+|\[)/gu)) {
    if (slot !== undefined) parts.push(Number(slot))
    else parts.push(escaped ?? stars ?? plain ?? '')
  }
  return parts
}
