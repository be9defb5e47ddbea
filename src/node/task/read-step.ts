import type { JsonValue, MessageInitShape } from '@bufbuild/protobuf'
import { isCapability } from '../../core/ids/capability.ts'
import { isDomain } from '../../core/ids/domain.ts'
import { isLanguage } from '../../core/ids/language-tag.ts'
import { LONGEST_BACKOFF_MS } from '../../core/task/retry-rules.ts'
import { placesOf } from '../../core/task/template.ts'
import { NeedState, type StepNeedSchema, type TaskStepSchema } from '../../schema/generated/hansa/v1/task_pb.ts'
import { acceptHandle } from './accept-handle.ts'
import { readConditions } from './read-conditions.ts'
import { readInputs, type Scope } from './read-inputs.ts'
import type { Path } from './read-work.ts'
import { type Reader, show } from './reader.ts'

/** Two weeks; timers of Node end a little later. */
export const MAX_MS = 14 * 86_400_000
export const MOST = '14d'

const MAX_ATTEMPTS = 20
const MAX_TEXT = 100_000
const MAX_TITLE = 256

const KEYS = [
  ...['title', 'agent', 'capability', 'language', 'domains', 'text', 'text-language', 'inputs', 'outputs', 'needs', 'when'],
  ...['attempts', 'timeout', 'backoff', 'allow-failure', 'repeatable']
]

const ENDS: Readonly<Record<string, NeedState>> = { completed: NeedState.COMPLETED, failed: NeedState.FAILED, ended: NeedState.ENDED }

const isOutput = (text: string): boolean => /^[^\p{Cc}]{1,128}$/u.test(text)

/** One step of a workflow file; what is wrong with it is told to the reader. */
export function readStep(reader: Reader, id: string, value: JsonValue, path: Path, scope: Scope): MessageInitShape<typeof TaskStepSchema> {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(id)) reader.refuse(path, `not an ID of a step: ${show(id)}; 1 to 63 of a-z 0-9 - are wanted`)
  const said = reader.map(value, path, KEYS)
  const at = (key: string): Path => [...path, key]
  const agent = reader.word(said['agent'], at('agent'), acceptHandle, 'a handle such as flight@north.example')
  const capability = reader.word(said['capability'], at('capability'), isCapability, 'a capability such as travel/flight-booking')
  if (said['agent'] === undefined && said['capability'] === undefined) reader.refuse(path, 'expected a capability or an agent')
  const text = reader.text(said['text'], at('text'), MAX_TEXT)
  const inputs = readInputs(reader, said['inputs'], at('inputs'), scope, true)
  const strange = placesOf(text).find((name) => !inputs.some((input) => input.name === name))
  if (strange !== undefined) reader.refuse(at('text'), `{${strange}} is not an input of this step`)
  return {
    id,
    title: reader.text(said['title'], at('title'), MAX_TITLE),
    agent: {
      agent,
      capability,
      language: reader.word(said['language'], at('language'), isLanguage, 'a language such as en'),
      domains: reader.list(said['domains'], at('domains'), isDomain, 'a domain such as north.example', 64)
    },
    text,
    textLanguage: reader.word(said['text-language'], at('text-language'), isLanguage, 'a language such as en'),
    inputs,
    needs: readNeeds(reader, id, said['needs'], at('needs'), scope),
    conditions: readConditions(reader, said['when'], at('when'), scope),
    outputs: reader.list(said['outputs'], at('outputs'), isOutput, 'a name of something in the data of the answer', 64),
    attempts: reader.count(said['attempts'], at('attempts'), MAX_ATTEMPTS),
    timeoutMs: reader.duration(said['timeout'], at('timeout'), MAX_MS, MOST),
    backoffMs: reader.duration(said['backoff'], at('backoff'), LONGEST_BACKOFF_MS, '1m'),
    allowFailure: reader.flag(said['allow-failure'], at('allow-failure')),
    repeatable: reader.flag(said['repeatable'], at('repeatable'))
  }
}

/** A list of steps that must be completed, or a map that says how each must have ended. */
function readNeeds(reader: Reader, self: string, value: JsonValue | undefined, path: Path, { steps }: Scope): MessageInitShape<typeof StepNeedSchema>[] {
  if (value === undefined) return []
  const listed = Array.isArray(value) || typeof value === 'string'
  const said: [JsonValue, JsonValue, Path][] = listed
    ? reader.list(value, path, () => true, 'the ID of a step', 10_000).map((step, index) => [step, 'completed', Array.isArray(value) ? [...path, index] : path])
    : Object.entries(reader.map(value, path)).map(([step, end]) => [step, end, [...path, step]])
  return said.map(([step, end, at]) => {
    const id = String(step)
    if (id === self) reader.refuse(at, 'a step cannot need itself')
    else if (!steps.has(id)) reader.refuse(at, `there is no step ${show(id)}`)
    const on = typeof end === 'string' && Object.hasOwn(ENDS, end) ? ENDS[end] : undefined
    if (on === undefined) reader.refuse(at, `expected one of ${Object.keys(ENDS).join(', ')}, got ${show(end)}`)
    return { step: id, on }
  })
}
