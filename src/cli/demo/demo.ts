import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { agentSteps } from './agent-steps.ts'
import { endingSteps } from './ending-steps.ts'
import { foundDomains, type World } from './found-domains.ts'
import { languageSteps } from './language-steps.ts'
import { travelSteps } from './travel-steps.ts'
import { Programs } from './program.ts'
import type { DemoOptions } from '../../node/host.ts'
import { Story } from './story.ts'

/**
 * Settings of every program of the demo: loopback and free ports only, so that it never meets another node on this machine; heartbeats of a second, so that
 * it does not take minutes to tell that somebody is gone.
 */
const ENVIRONMENT = {
  HANSA_SWARM_LISTEN: '/ip4/127.0.0.1/tcp/0',
  HANSA_GATEWAY_LISTEN: '127.0.0.1:0',
  HANSA_ADMIN_LISTEN: '127.0.0.1:0',
  HANSA_GATEWAY_HEARTBEAT: '1s',
  HANSA_AGENT_PROBE: '1s',
  HANSA_LOG_FORMAT: 'json'
}

/** Two domains on this machine, end to end, each step checked (draft 2 and 3). Returns true when every step held. */
export async function runDemo(options: DemoOptions): Promise<boolean> {
  const dir = await mkdtemp(join(tmpdir(), 'hansa-demo-'))
  const programs = new Programs(ENVIRONMENT)
  const story = new Story(options)
  let world: World | undefined
  let held = false
  try {
    await orStopped(options.signal, async () => {
      world = await foundDomains(story, programs, dir)
      const agents = await agentSteps(story, programs, world)
      await languageSteps(story, programs, world)
      await travelSteps(story, programs, world)
      if (!options.keep) await endingSteps(story, world, agents)
    })
    held = true
  } catch {
    // The step that failed has been told.
  } finally {
    if (held && options.keep && world !== undefined) tellNext(options.onNote, world, programs.release(), dir)
    else {
      await programs.stopAll()
      if (held) await rm(dir, { recursive: true, force: true })
      else options.onNote(`Homes and logs are kept in ${dir}.`)
    }
  }
  return held
}

/** What `run` does, until the signal: a step that waits for news is not waited for. */
async function orStopped(signal: AbortSignal, run: () => Promise<void>): Promise<void> {
  const stopped = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
  await Promise.race([run(), stopped])
}

function tellNext(write: (line: string) => void, world: World, pids: readonly number[], dir: string): void {
  const { north, south } = world
  write('\nEverything is still running. Try:')
  write(`  hansa find --home ${north.gateway.home} --capability travel`)
  write(`  hansa call --home ${north.gateway.home} hotel@south.example "a twin room for two nights" --stream`)
  write(`  hansa call --home ${north.gateway.home} hotel-zh@south.example "a twin room" --to-language en`)
  write(`  hansa gw trace --home ${north.gateway.home} hotel@south.example`)
  write(`  hansa gw routes --home ${south.gateway.home}`)
  write(`  curl ${north.gateway.run.ingress}/.well-known/ai-catalog.json`)
  write(`End it with: kill ${pids.join(' ')} && rm -r ${dir}`)
}
