import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SLOT } from '../../core/translation/protect.ts'
import { ApertiumPipe } from './apertium-pipe.ts'

/** Where Debian puts the modes. */
export const APERTIUM_MODES = '/usr/share/apertium/modes'

/** Apertium names languages by three letters, some still by two; ours are the shortest codes (BCP 47). */
const SHORT: Readonly<Record<string, string>> = {
  ...{
    eng: 'en',
    spa: 'es',
    fra: 'fr',
    cat: 'ca',
    por: 'pt',
    ita: 'it',
    deu: 'de',
    ron: 'ro',
    glg: 'gl',
    eus: 'eu',
    epo: 'eo',
    oci: 'oc',
    arg: 'an',
    ast: 'ast'
  },
  ...{
    swe: 'sv',
    nor: 'no',
    nob: 'nb',
    nno: 'nn',
    dan: 'da',
    isl: 'is',
    mkd: 'mk',
    bul: 'bg',
    rus: 'ru',
    ukr: 'uk',
    ind: 'id',
    zlm: 'ms',
    urd: 'ur',
    hin: 'hi',
    srd: 'sc'
  }
}

/** Machine translation by rules, where it is installed. Pairs are found by their modes; a pipe is opened at the first text for its pair. */
export class Apertium {
  readonly #modes: string
  readonly #commands = new Map<string, string>()
  readonly #pipes = new Map<string, ApertiumPipe>()

  constructor(modes: string = APERTIUM_MODES) {
    this.#modes = modes
  }

  /** Looks for pairs; none where it is not installed. */
  async start(): Promise<void> {
    const names = await readdir(this.#modes).catch(() => [])
    for (const name of names.sort()) {
      const [, from = '', to = ''] = /^([a-z]{2,3})-([a-z]{2,3})\.mode$/.exec(name) ?? []
      if (from === '') continue
      const pair = `${SHORT[from] ?? from}>${SHORT[to] ?? to}`
      const mode = await readFile(join(this.#modes, name), 'utf8')
      if (!this.#commands.has(pair)) this.#commands.set(pair, pipeline(mode))
    }
  }

  pairs(): string[] {
    return [...this.#commands.keys()]
  }

  /** `text` with SLOT where something must come back untouched; undefined for a pair that is not there, or when a slot was lost. Throws as ApertiumPipe. */
  async translate(text: string, pair: string): Promise<string | undefined> {
    const command = this.#commands.get(pair)
    if (command === undefined) return undefined
    const pipe = this.#pipes.get(pair) ?? new ApertiumPipe(command, pair)
    this.#pipes.set(pair, pipe)
    const answer = unescape(await pipe.translate(escape(text)))
    return answer.split(SLOT).length === text.split(SLOT).length ? answer : undefined
  }

  stop(): void {
    for (const pipe of this.#pipes.values()) pipe.stop()
    this.#pipes.clear()
  }
}

/** The stages of a mode, each told to flush at null bytes (-z), unknown words without a mark (-n in place of $1). */
function pipeline(mode: string): string {
  return mode
    .trim()
    .split('|')
    .map((stage) => {
      const [program = '', ...rest] = stage.trim().replaceAll('$1', '-n').replaceAll('$2', '').split(/\s+/)
      return [program, '-z', ...rest].join(' ')
    })
    .join(' | ')
}

/** Slots become superblanks, which pass through every stage; characters of the stream format are escaped. */
function escape(text: string): string {
  return text
    .replace(/[\\[\]{}^$/@<>]/g, '\\$&')
    .replaceAll('\0', '')
    .replaceAll(SLOT, `[${SLOT}]`)
}

/** Without the full stop and the superblank that end a text in the pipe. */
function unescape(answer: string): string {
  return answer
    .replace(/\.?\[\]\s*$/u, '')
    .replaceAll(`[${SLOT}]`, SLOT)
    .replace(/\\(.)/gsu, '$1')
}
