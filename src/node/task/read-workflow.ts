import { create, fromJson, type JsonObject } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { checkGraph } from '../../core/task/check-graph.ts'
import { findCycle } from '../../core/task/find-cycle.ts'
import { HansaError } from '../../schema/errors.ts'
import { type TaskGraph, TaskGraphSchema } from '../../schema/generated/hansa/v1/task_pb.ts'
import { readGiven, readInputs } from './read-inputs.ts'
import { MAX_MS, MOST, readStep } from './read-step.ts'
import { type WorkDocument, workError } from './read-work.ts'
import { Reader } from './reader.ts'

const MAX_STEPS = 10_000
const MAX_NAME = 128
const MAX_DESCRIPTION = 10_000
const MAX_PARALLEL = 256
const MAX_BUDGET = 1_000_000

const KEYS = ['name', 'description', 'given', 'deadline', 'parallel', 'budget', 'steps', 'results']

/** The first of a long cycle are enough to find it. */
const MAX_CYCLE = 12

/**
 * A workflow (draft 2.4):
 *
 *     name: Trip to Oslo
 *     given: { destination: Oslo, travellers: 2 }
 *     deadline: 10m            # for the whole
 *     parallel: 4              # steps at a time
 *     budget: 20               # attempts of all steps together
 *     steps:
 *       flight:
 *         capability: travel/flight-booking       # or agent: flight@north.example
 *         language: en
 *         domains: [north.example]
 *         text: Book a flight to {destination}    # braces hold inputs
 *         inputs: { destination: given.destination }
 *         outputs: [flight-confirmation]          # an answer without it has failed
 *         attempts: 3
 *         timeout: 2m                             # for one attempt
 *         backoff: 1s
 *       visa:
 *         capability: travel/visa
 *         inputs:
 *           confirmation: steps.flight.data.flight-confirmation
 *           note: { value: urgent }
 *           passport: { from: given.passport, optional: true }
 *         when: { steps.flight.data.price: { less: 500 } }
 *         allow-failure: true
 *         repeatable: true                        # it may be done twice
 *       apology: { agent: office@north.example, needs: { visa: failed } }
 *     results: { confirmation: steps.flight.data.flight-confirmation }
 *
 * A step waits for what its inputs and conditions refer to, and for `needs`. `given` is merged over what the file gives. Throws INVALID_ARGUMENT with file, line,
 * column and key of everything that is wrong.
 */
export function readWorkflow(document: WorkDocument, given: JsonObject = {}): TaskGraph {
  const reader = new Reader(document)
  const said = reader.map(document.raw, [], KEYS)
  const steps = Object.entries(reader.map(said['steps'], ['steps']))
  if (steps.length === 0 || steps.length > MAX_STEPS) reader.refuse(['steps'], `expected 1 to ${MAX_STEPS} steps, got ${steps.length}`)
  const scope = { given: { ...readGiven(reader, said['given'], ['given']), ...readGiven(reader, given, ['given']) }, steps: new Set(steps.map(([id]) => id)) }
  const graph = create(TaskGraphSchema, {
    name: reader.text(said['name'], ['name'], MAX_NAME) || document.name,
    description: reader.text(said['description'], ['description'], MAX_DESCRIPTION),
    steps: steps.slice(0, MAX_STEPS).map(([id, step]) => readStep(reader, id, step, ['steps', id], scope)),
    given: Object.fromEntries(Object.entries(scope.given).map(([name, value]) => [name, fromJson(ValueSchema, value)])),
    results: readInputs(reader, said['results'], ['results'], scope, false),
    deadlineMs: BigInt(reader.duration(said['deadline'], ['deadline'], MAX_MS, MOST)),
    parallel: reader.count(said['parallel'], ['parallel'], MAX_PARALLEL),
    budget: reader.count(said['budget'], ['budget'], MAX_BUDGET),
    planner: 'workflow',
    explanation: [`The steps are those of ${document.name}.`]
  })
  if (reader.problems.length === 0) {
    const cycle = findCycle(graph)
    if (cycle !== undefined) reader.refuse(['steps', cycle[0] ?? ''], `the steps wait for each other: ${around(cycle)}`)
  }
  if (reader.problems.length > 0) throw workError(reader.problems)
  checked(graph, document)
  return graph
}

/** What the machine that runs it asks for beside all this. */
function checked(graph: TaskGraph, document: WorkDocument): void {
  try {
    checkGraph(graph)
  } catch (thrown) {
    if (!(thrown instanceof HansaError)) throw thrown
    const { step } = thrown.metadata
    throw workError([document.problem(step === undefined ? [] : ['steps', step], thrown.message)])
  }
}

function around(cycle: readonly string[]): string {
  const shown = cycle.length > MAX_CYCLE ? [...cycle.slice(0, MAX_CYCLE - 1), '…'] : cycle
  return [...shown, cycle[0]].join(' -> ')
}
