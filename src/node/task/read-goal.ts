import type { JsonObject } from '@bufbuild/protobuf'
import { isDomain } from '../../core/ids/domain.ts'
import { isFact } from '../../core/ids/fact.ts'
import { isLanguage } from '../../core/ids/language-tag.ts'
import type { PlanGoal } from '../../core/task/plan-goal.ts'
import { acceptHandle } from './accept-handle.ts'
import { MAX_MS, MOST } from './read-step.ts'
import { type WorkDocument, workError } from './read-work.ts'
import { Reader, show } from './reader.ts'

const MAX_WANT = 64
const MAX_GIVEN = 256
const MAX_BUDGET = 10_000
const MAX_PARALLEL = 256

const KEYS = ['name', 'description', 'want', 'given', 'languages', 'domains', 'avoid', 'deadline', 'budget', 'parallel']

/**
 * A goal (draft 2.4): what is wanted and what is given are facts, as skills declare them.
 *
 *     name: Trip to Oslo
 *     want: [visa, hotel-confirmation]
 *     given: { destination: Oslo, passport: P123 }
 *     languages: [en]                      # each agent speaks one of these
 *     domains: [north.example]             # and is of one of these
 *     avoid: [slow@north.example]
 *     deadline: 10m
 *     budget: 20                           # attempts of all steps together
 *     parallel: 4
 *
 * `given` is merged over what the file gives. Throws INVALID_ARGUMENT with file, line, column and key of everything that is wrong.
 */
export function readGoal(document: WorkDocument, given: JsonObject = {}): PlanGoal {
  const reader = new Reader(document)
  const said = reader.map(document.raw, [], KEYS)
  const all = { ...reader.map(said['given'], ['given']), ...given }
  for (const name of Object.keys(all)) if (!isFact(name)) reader.refuse(['given', name], `not a name of a fact: ${show(name)}; 1 to 63 of a-z 0-9 - are wanted`)
  if (Object.keys(all).length > MAX_GIVEN) reader.refuse(['given'], `expected at most ${MAX_GIVEN} facts`)
  const want = reader.list(said['want'], ['want'], isFact, 'a name of a fact such as flight-confirmation', MAX_WANT)
  if (want.length === 0 && reader.problems.length === 0) reader.refuse(['want'], 'expected at least one fact')
  const budget = reader.count(said['budget'], ['budget'], MAX_BUDGET)
  const goal: PlanGoal = {
    name: reader.text(said['name'], ['name'], 128) || want.join(', ').slice(0, 128),
    description: reader.text(said['description'], ['description'], 10_000),
    want,
    given: all,
    languages: reader.list(said['languages'], ['languages'], isLanguage, 'a language such as en', 64),
    domains: reader.list(said['domains'], ['domains'], isDomain, 'a domain such as north.example', 64),
    avoid: reader.list(said['avoid'], ['avoid'], acceptHandle, 'a handle such as slow@north.example', 256),
    budget: budget === 0 ? undefined : budget,
    deadlineMs: reader.duration(said['deadline'], ['deadline'], MAX_MS, MOST),
    parallel: reader.count(said['parallel'], ['parallel'], MAX_PARALLEL)
  }
  if (reader.problems.length === 0) {
    const known = want.findIndex((fact) => Object.hasOwn(all, fact))
    if (known >= 0 && want.every((fact) => Object.hasOwn(all, fact)))
      reader.refuse(['want', known], 'everything that is wanted is given; there is nothing to do')
  }
  if (reader.problems.length > 0) throw workError(reader.problems)
  return goal
}
