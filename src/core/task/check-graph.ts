import { ConditionOperator, type StepInput, type TaskGraph, type TaskStep } from '../../schema/generated/hansa/v1/task_pb.ts'
import { HansaError } from '../../schema/errors.ts'
import { parseHandle } from '../ids/agent-id.ts'
import { parseCapability } from '../ids/capability.ts'
import { parseDomain, quote } from '../ids/domain.ts'
import { isLanguage } from '../ids/language-tag.ts'
import { dependenciesOf } from './dependencies.ts'
import { findCycle } from './find-cycle.ts'
import { type Reference, parseReference } from './reference.ts'
import { LONGEST_BACKOFF_MS } from './retry-rules.ts'
import { placesOf } from './template.ts'

/** Whose run is kept and looked through in less than a second. */
const MAX_STEPS = 10_000

/** As many as a step's list of attempts keeps. */
const MAX_ATTEMPTS = 20

/** A node has one connection to its gateway and this many calls on it are far from its bounds. */
const MAX_PARALLEL = 256

/** Two weeks: a timer of Node ends at 24.8 days. */
const MAX_MS = 14 * 86_400_000

const ID = /^[a-z0-9][a-z0-9-]{0,62}$/
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/
const FACT = /^[^\p{Cc}]{1,128}$/u

/**
 * Throws INVALID_ARGUMENT, with metadata `{ step }` when it is a step's, for a graph that cannot be run: no steps or too many, IDs that are bad or doubled,
 * references to what is not there, cycles, numbers out of their ranges, steps that say nothing of their agent, bad names. Linear in the size of the graph.
 */
export function checkGraph(graph: TaskGraph): void {
  const { steps } = graph
  if (steps.length === 0) throw new HansaError('INVALID_ARGUMENT', 'the graph has no steps')
  if (steps.length > MAX_STEPS) throw new HansaError('INVALID_ARGUMENT', `the graph has ${steps.length} steps; ${MAX_STEPS} are allowed`)
  if (graph.parallel > MAX_PARALLEL) throw new HansaError('INVALID_ARGUMENT', `parallel is ${graph.parallel}; 0 to ${MAX_PARALLEL} is wanted`)
  if (graph.deadlineMs > BigInt(MAX_MS)) throw new HansaError('INVALID_ARGUMENT', `the deadline is ${graph.deadlineMs} ms; at most ${MAX_MS} is wanted`)
  const ids = new Set<string>()
  for (const { id } of steps) {
    if (!ID.test(id)) refuse(id, `${quote(id)} is no ID: 1 to 63 of a-z 0-9 - are wanted`)
    if (ids.has(id)) refuse(id, 'another step has the same ID')
    ids.add(id)
  }
  const scope: Scope = { ids, given: graph.given }
  for (const step of steps) checkStep(step, scope)
  const cycle = findCycle(graph)
  if (cycle !== undefined) refuse(cycle[0] ?? '', `the steps wait for each other: ${quoteCycle(cycle)}`)
  checkResults(graph.results, scope)
}

interface Scope {
  readonly ids: ReadonlySet<string>
  readonly given: TaskGraph['given']
}

function refuse(step: string, what: string): never {
  throw new HansaError('INVALID_ARGUMENT', `step ${quote(step)}: ${what}`, { step })
}

/** Runs a parser of `core/ids`, and says of which step its complaint is. */
function parse(step: string, parser: (text: string) => unknown, text: string): void {
  try {
    parser(text)
  } catch (thrown) {
    if (!(thrown instanceof HansaError)) throw thrown
    refuse(step, thrown.message)
  }
}

function checkStep(step: TaskStep, scope: Scope): void {
  const { id } = step
  checkCriteria(step)
  if (step.attempts > MAX_ATTEMPTS) refuse(id, `attempts is ${step.attempts}; 0 to ${MAX_ATTEMPTS} is wanted`)
  if (step.timeoutMs > MAX_MS) refuse(id, `the timeout is ${step.timeoutMs} ms; at most ${MAX_MS} is wanted`)
  if (step.backoffMs > LONGEST_BACKOFF_MS) refuse(id, `the back-off is ${step.backoffMs} ms; at most ${LONGEST_BACKOFF_MS} is wanted`)
  if (step.textLanguage !== '' && !isLanguage(step.textLanguage)) refuse(id, `not a language: ${quote(step.textLanguage)}`)
  for (const name of step.outputs) if (!FACT.test(name)) refuse(id, `not a name of an output: ${quote(name)}`)
  checkInputs(step, scope)
  for (const { from, operator, value } of step.conditions) {
    checkReference(id, from, scope)
    if (operator < ConditionOperator.EXISTS || operator > ConditionOperator.CONTAINS) refuse(id, `the condition on ${from} does not say how to compare`)
    const alone = operator === ConditionOperator.EXISTS || operator === ConditionOperator.MISSING
    if (!alone && value?.kind.case === undefined) refuse(id, `the condition on ${from} has nothing to compare with`)
    if (operator === ConditionOperator.ONE_OF && value?.kind.case !== 'listValue') refuse(id, `the condition on ${from} wants a list`)
  }
  const needed = new Set<string>()
  for (const { step: need } of step.needs) {
    if (!scope.ids.has(need)) refuse(id, `there is no step ${quote(need)} that it could need`)
    if (needed.has(need)) refuse(id, `it needs ${need} twice`)
    needed.add(need)
  }
  if (dependenciesOf(step).has(id)) refuse(id, 'it waits for itself')
}

function checkCriteria({ id, agent }: TaskStep): void {
  if (agent === undefined || (agent.agent === '' && agent.capability === '')) return refuse(id, 'it names neither an agent nor a capability')
  if (agent.agent !== '') parse(id, parseHandle, agent.agent)
  if (agent.capability !== '') parse(id, parseCapability, agent.capability)
  if (agent.language !== '' && !isLanguage(agent.language)) refuse(id, `not a language: ${quote(agent.language)}`)
  for (const domain of agent.domains) parse(id, parseDomain, domain)
}

function checkInputs({ id, inputs, text }: TaskStep, scope: Scope): void {
  const names = new Set<string>()
  for (const input of inputs) {
    const { name, from, value, optional } = input
    if (!NAME.test(name)) refuse(id, `not a name of an input: ${quote(name)}; 1 to 63 letters, digits, _ and - are wanted`)
    if (names.has(name)) refuse(id, `it has two inputs ${name}`)
    names.add(name)
    if (value !== undefined) {
      if (from !== '') refuse(id, `its input ${name} has both a value and a reference`)
      continue
    }
    const reference = checkReference(id, from, scope)
    if (!optional && reference.of === 'given' && !Object.hasOwn(scope.given, reference.name))
      refuse(id, `its input ${name} wants ${from}, and nothing of that name is given`)
  }
  for (const name of placesOf(text)) if (!names.has(name)) refuse(id, `its text has {${name}}, and no input has that name`)
}

function checkReference(step: string, from: string, { ids }: Scope): Reference {
  const reference = parseReference(from)
  if (reference === undefined) return refuse(step, `not a reference: ${quote(from)}; given.NAME, or steps.ID.text, .data, .files or .agent is wanted`)
  if (reference.of === 'step' && !ids.has(reference.step)) refuse(step, `there is no step ${quote(reference.step)}, to which ${quote(from)} refers`)
  return reference
}

function checkResults(results: readonly StepInput[], scope: Scope): void {
  const names = new Set<string>()
  for (const { name, from, value } of results) {
    if (!NAME.test(name) || names.has(name)) throw new HansaError('INVALID_ARGUMENT', `not a name of a result, or doubled: ${quote(name)}`)
    names.add(name)
    const reference = parseReference(from)
    const known = reference !== undefined && (reference.of === 'given' || scope.ids.has(reference.step))
    if (value === undefined ? !known : from !== '') throw new HansaError('INVALID_ARGUMENT', `the result ${name} has no good reference: ${quote(from)}`)
  }
}

/** The first of a long cycle are enough to find it. */
function quoteCycle(cycle: readonly string[]): string {
  const shown = cycle.length > 12 ? [...cycle.slice(0, 11), '…'] : cycle
  return [...shown, cycle[0]].join(' -> ')
}
