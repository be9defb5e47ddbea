import assert from 'node:assert/strict'
import type { PlanGoal } from '../../../../src/core/task/plan-goal.ts'
import type { PlannableSkill } from '../../../../src/core/task/plannable-skill.ts'
import { plan } from '../../../../src/core/task/plan.ts'
import { HansaError } from '../../../../src/schema/errors.ts'
import { seededRandom } from '../../../support/memory/random.ts'
import { fitting, goal, simulate, skill } from '../../../support/plan-world.ts'

const SEED = Number(process.env['SEED'] ?? 20261129)
const WORLDS = 1_500
const OWN = 'north.example'

interface World {
  readonly aim: PlanGoal
  readonly skills: PlannableSkill[]
}

function world(random: () => number): World {
  const below = (count: number): number => Math.floor(random() * count)
  const facts = Array.from({ length: 3 + below(5) }, (_, i) => `f${i}`)
  const some = (most: number): string[] => [...new Set(Array.from({ length: below(most + 1) }, () => facts[below(facts.length)] ?? 'f0'))]
  const skills = Array.from({ length: 1 + below(8) }, (_, i) =>
    skill(`s${i}@${['north.example', 'south.example'][below(2)] ?? ''}`, some(2), some(2), {
      languages: [['en', 'de', 'en-GB'][below(3)] ?? 'en'],
      capabilities: [`x/s${below(3) === 0 ? 0 : i}`]
    })
  )
  const want = some(3)
  const constraints: Partial<PlanGoal> = {
    ...(below(5) === 0 ? { domains: ['south.example'] } : {}),
    ...(below(5) === 0 ? { languages: ['en'] } : {}),
    ...(below(5) === 0 ? { avoid: [skills[0]?.agent ?? ''] } : {}),
    ...(below(2) === 0 ? { budget: 1 + below(2) } : {})
  }
  return { aim: goal(want.length === 0 ? ['f0'] : want, some(3), constraints), skills }
}

/** What the cheapest set of skills costs that leads from what is given to all that is wanted, by trying all; undefined when none does. */
function bruteForce({ aim, skills }: World, given: readonly string[]): number | undefined {
  const allowed = skills.filter(
    ({ agent, domain, languages }) =>
      !aim.avoid.includes(agent) &&
      (aim.domains.length === 0 || aim.domains.includes(domain)) &&
      (aim.languages.length === 0 || languages.some((tag) => tag.startsWith('en')))
  )
  let best: number | undefined
  for (let set = 0; set < 1 << allowed.length; set++) {
    const chosen = allowed.filter((_, index) => (set >> index) & 1)
    if (chosen.length > (aim.budget ?? Infinity)) continue
    const known = new Set(given)
    for (let before = -1; before < known.size;) {
      before = known.size
      for (const { inputs, outputs } of chosen) if (inputs.every((fact) => known.has(fact))) outputs.forEach((fact) => known.add(fact))
    }
    if (!aim.want.every((fact) => known.has(fact))) continue
    const cost = chosen.reduce((sum, { domain }) => sum + (domain === OWN ? 2 : 3), 0)
    if (best === undefined || cost < best) best = cost
  }
  return best
}

describe(`core/task: plan, against brute force on ${WORLDS} small worlds (seed ${SEED})`, () => {
  it('finds a plan when there is one, the cheapest, no step of which can be left out; else facts that are enough, and none too many', function () {
    this.timeout(120_000)
    const random = seededRandom(SEED)
    const ends = { planned: 0, missing: 0, dear: 0 }
    for (let turn = 0; turn < WORLDS; turn++) {
      const { aim, skills } = world(random)
      const told = `world ${turn}: ${JSON.stringify({ aim, skills })}`
      const given = Object.keys(aim.given)
      const best = bruteForce({ aim, skills }, given)
      try {
        const graph = plan(aim, skills, OWN)
        assert.ok(best !== undefined, `no plan is possible; ${told}`)
        assert.ok(simulate(graph, skills, aim), told)
        assert.ok(graph.steps.length <= (aim.budget ?? Infinity), told)
        for (const { id } of graph.steps) assert.ok(!simulate(graph, skills, aim, id), `${id} can be left out; ${told}`)
        const cost = graph.steps.reduce((sum, step) => sum + (fitting(step, skills).some(({ domain }) => domain === OWN) ? 2 : 3), 0)
        assert.equal(cost, best, `not the cheapest; ${told}`)
        ends.planned++
      } catch (thrown) {
        if (!(thrown instanceof HansaError)) throw thrown
        assert.equal(thrown.code, 'NO_PLAN')
        assert.equal(best, undefined, `there is a plan; ${told}`)
        const missing = (thrown.metadata['missing'] ?? '').split(', ')
        assert.ok(
          missing.every((fact) => /^f\d$/.test(fact) && !given.includes(fact)),
          told
        )
        assert.notEqual(bruteForce({ aim, skills }, [...given, ...missing]), undefined, `${missing.join()} is not enough; ${told}`)
        for (const fact of missing) {
          const rest = missing.filter((other) => other !== fact)
          assert.equal(bruteForce({ aim, skills }, [...given, ...rest]), undefined, `${fact} is not missing; ${told}`)
        }
        ends[thrown.metadata['budget'] === undefined ? 'missing' : 'dear']++
      }
    }
    // Worlds of each kind have come by, or the test has tested nothing.
    assert.ok(
      Object.values(ends).every((count) => count >= 20),
      JSON.stringify(ends)
    )
  })
})
