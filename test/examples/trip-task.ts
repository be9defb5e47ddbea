/** Says what is wanted; which agents do it, and in what order, is found by what their skills need and put out. Answers what an agent asks on the way. */
import { joinSwarm } from '../../src/index.ts' // in a program of your own: from 'hansa'

await using swarm = await joinSwarm({ home: process.argv[2] ?? 'home' })

const task = swarm.task({ want: ['flight-confirmation'], given: { destination: 'Oslo' } })
for await (const { state, run } of task) {
  const asking = run.steps.find(({ question }) => question !== undefined)
  if (state !== 'input required' || asking === undefined) continue
  console.log(`asked by ${asking.attempts.at(-1)?.agent}`)
  await task.answer(asking.step, 'aisle')
}
const { results } = await task
console.log(`results: ${JSON.stringify(results)}`)

await swarm.task({ want: ['visa-number'] }).then(undefined, (error: unknown) => console.log(String(error)))
