/** A regular expression whose matching takes time in proportion to the text, whatever the text is: texts come from strangers. */
export interface Pattern {
  /** What the named groups matched in the first match, or undefined when there is none. Only the first MAX_TEXT characters are looked at. */
  exec(text: string): Readonly<Record<string, string>> | undefined
  readonly groups: readonly string[]
}

/** Characters of a text that are looked at, and steps of a pattern: their product bounds the work. */
export const MAX_TEXT = 2_000
const MAX_STEPS = 500

/** Groups in groups that are read; far deeper than anybody writes. */
const MAX_DEPTH = 20

type Node =
  | { readonly kind: 'char'; readonly test: RegExp }
  | { readonly kind: 'assert'; readonly holds: (before: string | undefined, after: string | undefined) => boolean }
  | { readonly kind: 'all' | 'either'; readonly nodes: readonly Node[] }
  | { readonly kind: 'group'; readonly index: number; readonly node: Node }
  | { readonly kind: 'repeat'; readonly node: Node; readonly min: number; readonly max: number; readonly lazy: boolean }

type Step =
  | Extract<Node, { kind: 'char' | 'assert' }>
  | { readonly kind: 'split'; first: number; second: number }
  | { readonly kind: 'save'; readonly slot: number }
  | { readonly kind: 'match' }

/**
 * The usual syntax without what needs backtracking: characters, classes, \d \w \s \p{L}, ., ^ and $ (of the text), \b, groups, named groups, |, and * + ? {n,m}, lazy with ?.
 * No backreferences and no lookaround. Case is ignored. Throws SyntaxError that says what is wrong.
 */
export function compilePattern(source: string): Pattern {
  const parser = new Parser(source)
  const root = parser.parse()
  const steps: Step[] = []
  emit(root, steps)
  push(steps, { kind: 'match' })
  const { groups } = parser
  return {
    groups,
    exec(text) {
      const chars = [...text.slice(0, MAX_TEXT)]
      const slots = run(steps, chars)
      if (slots === undefined) return undefined
      const found: Record<string, string> = {}
      groups.forEach((name, index) => {
        const [from, to] = [slots[2 * index] ?? -1, slots[2 * index + 1] ?? -1]
        if (from >= 0 && to >= from) found[name] = chars.slice(from, to).join('')
      })
      return found
    }
  }
}

class Parser {
  readonly groups: string[] = []
  readonly #source: string
  #at = 0
  #depth = 0

  constructor(source: string) {
    this.#source = source
  }

  parse(): Node {
    const node = this.#either()
    if (this.#at < this.#source.length) throw new SyntaxError('a ) without its (')
    return node
  }

  #either(): Node {
    if (++this.#depth > MAX_DEPTH) throw new SyntaxError(`groups deeper than ${MAX_DEPTH}`)
    const nodes = [this.#sequence()]
    while (this.#take('|')) nodes.push(this.#sequence())
    this.#depth--
    return nodes.length === 1 && nodes[0] !== undefined ? nodes[0] : { kind: 'either', nodes }
  }

  #sequence(): Node {
    const nodes: Node[] = []
    while (this.#at < this.#source.length && !this.#is('|') && !this.#is(')')) nodes.push(this.#repeated(this.#atom()))
    return { kind: 'all', nodes }
  }

  #repeated(node: Node): Node {
    const [quantifier] = this.#match(/[*+?]|\{\d{1,3}(?:,\d{0,3})?\}/y) ?? []
    if (quantifier === undefined) return node
    const lazy = this.#take('?')
    const bounds = { '*': [0, Infinity], '+': [1, Infinity], '?': [0, 1] }[quantifier]
    const [low = '', high] = quantifier.slice(1, -1).split(',')
    const [min = 0, max = 0] = bounds ?? [Number(low), high === undefined ? Number(low) : high === '' ? Infinity : Number(high)]
    if (min > max) throw new SyntaxError(`${quantifier}: the least is more than the most`)
    return { kind: 'repeat', node, min, max, lazy }
  }

  #atom(): Node {
    if (this.#take('(')) return this.#group()
    if (this.#take('^')) return { kind: 'assert', holds: (before) => before === undefined }
    if (this.#take('$')) return { kind: 'assert', holds: (_, after) => after === undefined }
    if (this.#take('\\b')) return { kind: 'assert', holds: (before, after) => isWord(before) !== isWord(after) }
    const [text] = this.#match(/\[\^?(?:\\p\{\w{1,40}\}|\\.|[^\]\\])*\]|\\[dDwWsSnrt]|\\p\{\w{1,40}\}|\\[^A-Za-z0-9]|\.|[^\\*+?{}()[\]]/suy) ?? []
    if (text === undefined) throw new SyntaxError(`not understood from ${JSON.stringify(this.#source.slice(this.#at, this.#at + 10))} on`)
    try {
      return { kind: 'char', test: new RegExp(`^${text}$`, 'isu') }
    } catch {
      throw new SyntaxError(`not understood: ${JSON.stringify(text.slice(0, 40))}`)
    }
  }

  #group(): Node {
    const name = this.#match(/\?<([A-Za-z_]\w{0,63})>/y)?.[1]
    if (name === undefined && !this.#take('?:') && this.#is('?')) throw new SyntaxError('only (?: and (?<name> begin a group: no lookaround')
    if (name !== undefined && this.groups.includes(name)) throw new SyntaxError(`the group ${name} twice`)
    const index = name === undefined ? -1 : this.groups.push(name) - 1
    const node = this.#either()
    if (!this.#take(')')) throw new SyntaxError('a ( without its )')
    return index < 0 ? node : { kind: 'group', index, node }
  }

  #is(text: string): boolean {
    return this.#source.startsWith(text, this.#at)
  }

  #take(text: string): boolean {
    if (!this.#is(text)) return false
    this.#at += text.length
    return true
  }

  #match(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.#at
    const found = sticky.exec(this.#source)
    if (found !== null) this.#at += found[0].length
    return found
  }
}

function isWord(char: string | undefined): boolean {
  return char !== undefined && /^[\p{L}\p{N}_]$/u.test(char)
}

function push<S extends Step>(steps: Step[], step: S): S {
  if (steps.length >= MAX_STEPS) throw new SyntaxError(`longer than ${MAX_STEPS} steps, repetitions written out`)
  steps.push(step)
  return step
}

function emit(node: Node, steps: Step[]): void {
  switch (node.kind) {
    case 'char':
    case 'assert':
      push(steps, node)
      return
    case 'all':
      for (const one of node.nodes) emit(one, steps)
      return
    case 'either': {
      const ends: { first: number; second: number }[] = []
      node.nodes.forEach((one, index) => {
        const split = index < node.nodes.length - 1 ? fork(steps) : undefined
        emit(one, steps)
        if (split === undefined) return
        ends.push(fork(steps))
        split.second = steps.length
      })
      for (const end of ends) end.first = end.second = steps.length
      return
    }
    case 'group':
      push(steps, { kind: 'save', slot: 2 * node.index })
      emit(node.node, steps)
      push(steps, { kind: 'save', slot: 2 * node.index + 1 })
      return
    case 'repeat':
      repeat(node, steps)
  }
}

function repeat({ node, min, max, lazy }: Extract<Node, { kind: 'repeat' }>, steps: Step[]): void {
  for (let count = 0; count < min; count++) emit(node, steps)
  const exits: { first: number; second: number }[] = []
  const enter = () => {
    const split = fork(steps)
    exits.push(split)
    return split
  }
  if (max === Infinity) {
    const start = steps.length
    enter()
    emit(node, steps)
    const back = fork(steps)
    back.first = back.second = start
  } else
    for (let count = min; count < max; count++) {
      enter()
      emit(node, steps)
    }
  for (const exit of exits) {
    exit.second = steps.length
    if (lazy) [exit.first, exit.second] = [exit.second, exit.first]
  }
}

/** A split whose first way is the next step; the other is set when it is known. */
function fork(steps: Step[]): Extract<Step, { kind: 'split' }> {
  const split = push(steps, { kind: 'split' as const, first: 0, second: 0 })
  split.first = split.second = steps.length
  return split
}

/** Pike's machine: all ways through the pattern at once, each step at most once per character, the preferred way first. */
function run(steps: readonly Step[], chars: readonly string[]): readonly number[] | undefined {
  const seen = new Uint32Array(steps.length)
  let matched: readonly number[] | undefined
  let now: { at: number; slots: readonly number[] }[] = []

  const follow = (into: typeof now, from: number, position: number, slots: readonly number[]): void => {
    // Generations are positions plus one, so that the array need not be emptied.
    if (seen[from] === position + 1) return
    seen[from] = position + 1
    const step = steps[from]
    if (step === undefined) return
    switch (step.kind) {
      case 'split':
        follow(into, step.first, position, slots)
        if (step.second !== step.first) follow(into, step.second, position, slots)
        return
      case 'save': {
        const copy = [...slots]
        while (copy.length <= step.slot) copy.push(-1)
        copy[step.slot] = position
        follow(into, from + 1, position, copy)
        return
      }
      case 'assert':
        if (step.holds(chars[position - 1], chars[position])) follow(into, from + 1, position, slots)
        return
      case 'char':
      case 'match':
        into.push({ at: from, slots })
    }
  }

  for (let position = 0; position <= chars.length; position++) {
    if (matched === undefined) follow(now, 0, position, [])
    if (now.length === 0 && matched !== undefined) break
    const next: typeof now = []
    const char = chars[position]
    for (const { at, slots } of now) {
      const step = steps[at]
      if (step?.kind === 'match') {
        matched = slots
        break
      }
      if (step?.kind === 'char' && char !== undefined && step.test.test(char)) follow(next, at + 1, position + 1, slots)
    }
    now = next
  }
  return matched
}
