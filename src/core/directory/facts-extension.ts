import { HansaError } from '../../schema/errors.ts'
import { quote } from '../ids/domain.ts'
import { EXTENSIONS } from '../ids/extension-uris.ts'
import { isFact } from '../ids/fact.ts'

/** What the facts of one agent may come to: they stand in its record, and every planner that finds it reads them. */
const BOUNDS = { skills: 32, names: 256 } as const

/** Facts of one skill, as in SkillFacts. */
export interface SkillFactsRead {
  readonly id: string
  readonly capabilities: string[]
  readonly inputs: string[]
  readonly outputs: string[]
}

/** A skill of the card, by what planning needs. */
export interface CardSkill {
  readonly id: string
  readonly tags: readonly string[]
}

/**
 * Reads the params of the extension urn:hansa:facts (draft 2.4). A skill stands under those capabilities of the agent that its ID or a tag names; one that names
 * none stands under all of them. Throws INVALID_ARGUMENT naming the extension and what is wrong with it.
 */
export function readFactsExtension(params: unknown, skills: readonly CardSkill[], capabilities: readonly string[]): SkillFactsRead[] {
  const declared = membersOf(membersOf(params, 'params')['skills'], 'skills')
  const ids = Object.keys(declared)
  if (ids.length > BOUNDS.skills) throw malformed(`${ids.length} skills; at most ${BOUNDS.skills} are allowed`)
  let names = 0
  return ids.map((id) => {
    const skill = skills.find((one) => one.id === id)
    if (skill === undefined) throw malformed(`the card has no skill ${quote(id)}`)
    const { inputs = [], outputs = [], ...others } = membersOf(declared[id], `the skill ${quote(id)}`)
    const [unknown] = Object.keys(others)
    if (unknown !== undefined) throw malformed(`the skill ${quote(id)} has ${quote(unknown)}; inputs and outputs are all that it may have`)
    const facts = { inputs: factsOf(inputs, `inputs of ${quote(id)}`), outputs: factsOf(outputs, `outputs of ${quote(id)}`) }
    names += facts.inputs.length + facts.outputs.length
    if (names > BOUNDS.names) throw malformed(`more than ${BOUNDS.names} names of facts`)
    const offered = capabilities.filter((capability) => capability === id || skill.tags.includes(capability))
    return { id, capabilities: offered.length === 0 ? [...capabilities] : offered, ...facts }
  })
}

function factsOf(value: unknown, what: string): string[] {
  if (!Array.isArray(value)) throw malformed(`${what} are not a list`)
  const facts = value.map((fact: unknown) => {
    if (typeof fact !== 'string' || !isFact(fact))
      throw malformed(`${what}: ${quote(String(fact))} is not a name of a fact; lower-case letters, digits and dashes are wanted, at most 63`)
    return fact
  })
  return [...new Set(facts)]
}

function membersOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(`${what}: an object is wanted`)
  return value as Record<string, unknown>
}

function malformed(message: string): HansaError {
  return new HansaError('INVALID_ARGUMENT', `the extension ${EXTENSIONS.facts} of the card: ${message}`, { extension: EXTENSIONS.facts })
}
