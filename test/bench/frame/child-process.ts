import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { FromChild } from './child-side.ts'

/** A process beside the bench; started by `startChild`, it must be stopped. */
export interface BenchProcess {
  readonly name: string
  /** What the child said when it was ready: an address, usually. */
  readonly ready: string
  /** CPU time used since its start, user and system, in microseconds. */
  cpu(): Promise<number>
  stop(): Promise<void>
}

const START_TIMEOUT_MS = 15_000
const STOP_TIMEOUT_MS = 3_000

/**
 * Starts a TypeScript file, which calls `childReady`.
 * @param name of its row of CPU figures, "gateway north" say
 */
export async function startChild(name: string, file: URL, args: readonly string[] = []): Promise<BenchProcess> {
  const child = fork(fileURLToPath(file), args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const exited = once(child, 'exit')
  const answer = async <K extends FromChild['kind']>(kind: K): Promise<Extract<FromChild, { kind: K }>> => {
    const signal = AbortSignal.timeout(START_TIMEOUT_MS)
    for (;;) {
      const [message] = (await Promise.race([
        once(child, 'message', { signal }),
        exited.then(([code]) => Promise.reject(new Error(`${name} ended with ${String(code)}`)))
      ])) as [FromChild]
      if (message.kind === kind) return message as Extract<FromChild, { kind: K }>
    }
  }
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    const insist = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await exited.finally(() => clearTimeout(insist))
  }
  try {
    const { value } = await answer('ready')
    return {
      name,
      ready: value,
      async cpu() {
        const reply = answer('cpu')
        child.send({ kind: 'cpu' })
        return (await reply).microseconds
      },
      stop
    }
  } catch (error) {
    await stop()
    throw error
  }
}
