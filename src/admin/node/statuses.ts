import { AgentStatus } from '../../schema/generated/hansa/v1/directory_pb.ts'

/** The words for a status in JSON. */
export function statusName(status: AgentStatus): 'online' | 'offline' | 'unknown' {
  if (status === AgentStatus.ONLINE) return 'online'
  return status === AgentStatus.OFFLINE ? 'offline' : 'unknown'
}
