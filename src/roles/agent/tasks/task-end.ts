import type { Sha256 } from '../../../core/crypto.ts'
import { errorDetail, HansaError, toHansaError } from '../../../schema/errors.ts'
import { TaskState } from '../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { AttemptWord } from './attempt-word.ts'
import type { TaskReading } from './task-reading.ts'

/** The last word on a task that has ended. An answer that is larger than a step may keep has failed, whatever the agent says. */
export function taskEnd(reading: TaskReading, agent: string, sha256: Sha256): AttemptWord & { kind: 'completed' | 'failed' | 'canceled' } {
  switch (reading.state) {
    case TaskState.COMPLETED:
      try {
        return { kind: 'completed', ...reading.output(sha256) }
      } catch (thrown) {
        return { kind: 'failed', fate: 'failed', error: errorDetail(toHansaError(thrown)) }
      }
    case TaskState.CANCELED:
      return { kind: 'canceled' }
    default: {
      const refused = reading.state === TaskState.REJECTED
      const said = reading.progress === '' ? '' : `: ${reading.progress}`
      const error = new HansaError('AGENT_FAILED', `${agent} ${refused ? 'wants none of it' : 'says that it failed'}${said}`, { agent })
      return { kind: 'failed', fate: refused ? 'refused' : 'failed', error: errorDetail(error) }
    }
  }
}
